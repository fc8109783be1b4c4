"""The worker's program: `python -m ssd_jobs CONFIG` runs one stage and says how it ended.

Load the config, set what libraries read at import, dispatch, print the result as the last line of standard output
(and as the container's termination message), and turn any error into an exit code. Nobody else reads the
environment, handles signals or exits.
"""

import importlib
import logging
import os
import signal
import sys
import threading
import traceback
import urllib.request
from pathlib import Path
from types import FrameType
from typing import Protocol, cast

from ssd_jobs import contract
from ssd_jobs.context import Context
from ssd_jobs.contract.printable import printable
from ssd_jobs.errors import BadInput, ExitCode, JobError
from ssd_jobs.models import environment
from ssd_jobs.progress.recorder import Progress

__all__ = ["main"]

USAGE = """usage: python -m ssd_jobs CONFIG

Run one stage of an experiment. CONFIG is the stage's JSON, which the operator mounts and `ssd run` writes.
The last line on standard output is the result, as JSON; the exit code is 0 when the stage is done, 64 for input that
has to be changed, 75 for what another attempt can mend, 143 when it was stopped and goes on when run again, else 1.
"""
SIDECAR_URL = "SSD_SIDECAR_QUIT_URL"
LOOPBACK = ("http://127.0.0.1:", "http://localhost:")
SIDECAR_PATIENCE_S = 5
TERMINATION_LOG = Path("/dev/termination-log")
LOGGER = logging.getLogger("ssd_jobs")


class StageModule(Protocol):
    """What every module below `ssd_jobs.stages` offers."""

    def run(self, config: contract.Config, context: Context) -> contract.Result:
        """Do the stage's work, or find it done."""


def main(arguments: list[str]) -> int:
    """Run the stage that the config names and return the process's exit code."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    try:
        if arguments in (["-h"], ["--help"]):
            sys.stdout.write(USAGE)
            return ExitCode.OK
        if len(arguments) != 1:
            raise BadInput(USAGE.splitlines()[0])
        config_path = Path(arguments[0])
        config = contract.load(config_path)
        environment.configure(config, os.environ)
        _report(_run(config, config_path))
    except JobError as error:
        _log_failure(str(error))
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - the border: a bug ends as exit 1 with its trace in the log
        sys.stderr.write(traceback.format_exc())
        _log_failure(f"{type(error).__name__}: {error}")
        return ExitCode.FAILED
    return ExitCode.OK


def _run(config: contract.Config, config_path: Path) -> contract.Result:
    """Run the stage in the surroundings that the platform gave."""
    progress = Progress()
    stop = threading.Event()

    def on_sigterm(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, on_sigterm)
    signal.signal(signal.SIGINT, on_sigterm)
    if config.execution.metrics_port:
        from ssd_jobs.progress import metrics_server

        metrics_server.serve(progress, config.execution.metrics_port)
    context = Context(
        workspace=Path(config.workspace),
        index=int(os.environ.get("JOB_COMPLETION_INDEX", "0")),
        progress=progress,
        stop=stop,
        config_path=config_path,
    )
    module = cast("StageModule", importlib.import_module(f"ssd_jobs.stages.{config.stage}.stage"))
    return module.run(config, context)


def _report(result: contract.Result) -> None:
    """Print the result where both runners look for it."""
    text = contract.dump_result(result)
    print(text, flush=True)  # noqa: T201 - the result is this program's output
    _write_termination_message(text)


def _log_failure(message: str) -> None:
    """Write why the stage failed to the log and for the kubelet; what steers a terminal or has no bytes is escaped."""
    text = printable(message, keep="\n\t")
    LOGGER.error("%s", text)
    _write_termination_message(text)


def _write_termination_message(message: str) -> None:
    """Write the termination message, where a kubelet reads one."""
    if TERMINATION_LOG.exists():
        TERMINATION_LOG.write_bytes(message.encode()[-4096:])


def _end_sidecar(url: str) -> None:
    """Ask a sidecar that knows nothing of Jobs to end, or its pod would never be over; whatever it answers, we end."""
    if not url:
        return
    try:
        if not url.startswith(LOOPBACK):
            raise BadInput(f"must begin with {LOOPBACK[0]}, where the pod's own sidecar is")
        urllib.request.urlopen(urllib.request.Request(url, method="POST"), timeout=SIDECAR_PATIENCE_S).close()  # noqa: S310
    except (OSError, ValueError, JobError) as error:
        LOGGER.warning("%s=%s: %s", SIDECAR_URL, printable(url), error)


if __name__ == "__main__":
    code = main(sys.argv[1:])
    _end_sidecar(os.environ.get(SIDECAR_URL, ""))
    sys.exit(code)
