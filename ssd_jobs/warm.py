"""A process that has imported what stages on a CPU need, and forks each: `python -m ssd_jobs.warm SOCKET CONFIG`.

Importing a model's libraries takes longer than many a stage of a small model works. A fork finds them imported. Nothing
else is shared: this process computes nothing, and a fork does what `python -m ssd_jobs` does. CONFIG is that of the
first stage, for the environment that libraries are to find at import; all that are asked for later want the same.
A request brings three descriptors: standard output, standard error, and where to say which process it is and its end.
"""

import contextlib
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from ssd_jobs import contract
from ssd_jobs.__main__ import main as run_stage
from ssd_jobs.models import environment
from ssd_jobs.sandbox import syscalls

__all__ = ["REQUEST_BYTES", "main"]

REQUEST_BYTES = 65_536
DESCRIPTORS = 3
PRELOADED = (
    "ssd_jobs.engine.transformers_engine",
    "ssd_jobs.sampling.shard",
    "ssd_jobs.stages.train.job",
    "ssd_jobs.stages.report.stage",
    "mlflow",
    "matplotlib.figure",
    "transformers.models.qwen3.modeling_qwen3",
)
"""What costs time to import; what is missing here is imported in the fork."""


def main(arguments: list[str]) -> int:
    """Fork for every request until nobody can send one any more; a fork returns the exit code of its stage."""
    requests = socket.socket(fileno=int(arguments[0]))
    environment.configure(contract.load(Path(arguments[1])), os.environ)
    for name in PRELOADED:
        with contextlib.suppress(ImportError):  # an installation without it has no stage that needs it
            importlib.import_module(name)
    gc.collect()
    gc.freeze()  # a collection in a fork would write to, and so copy, every page
    return _Forks(requests).serve()


class _Forks:
    """The stages that are running."""

    def __init__(self, requests: socket.socket) -> None:
        self._requests = requests
        self._waiting = selectors.DefaultSelector()
        self._waiting.register(requests, selectors.EVENT_READ)

    def serve(self) -> int:
        """Start what is asked for and tell how it ended."""
        while True:
            for ready, _ in self._waiting.select():
                if ready.data is not None:
                    self._tell_end(ready.fd, *ready.data)
                    continue
                message, descriptors, _, _ = socket.recv_fds(self._requests, REQUEST_BYTES, DESCRIPTORS)
                if not message:
                    return 0
                code = self._start(json.loads(message), descriptors)
                if code is not None:
                    return code

    def _start(self, request: dict[str, Any], descriptors: list[int]) -> int | None:
        """Fork; return the stage's exit code in the fork, and nothing here."""
        output, errors, told = descriptors
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._waiting.close()
            self._requests.close()
            _become(request["environment"], output, errors, parent=parent)
            return run_stage([request["config"]])
        os.close(output)
        os.close(errors)
        os.write(told, f"{pid}\n".encode())
        self._waiting.register(os.pidfd_open(pid), selectors.EVENT_READ, (pid, told))
        return None

    def _tell_end(self, descriptor: int, pid: int, told: int) -> None:
        """Say how a stage ended, if anybody still listens."""
        self._waiting.unregister(descriptor)
        os.close(descriptor)
        _, status = os.waitpid(pid, 0)
        with contextlib.suppress(BrokenPipeError):
            os.write(told, f"{os.waitstatus_to_exitcode(status)}\n".encode())
        os.close(told)


def _become(settings: dict[str, str], output: int, errors: int, *, parent: int) -> None:
    """Be in the place of a process that was started for the stage: its own session, environment and streams."""
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        signal.raise_signal(signal.SIGTERM)
    os.environ.update(settings)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for given, standard in ((nothing, 0), (output, 1), (errors, 2)):
        os.dup2(given, standard)
        os.close(given)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
