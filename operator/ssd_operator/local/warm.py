"""Stage processes on the CPU as forks of processes that have imported what they need (`ssd_jobs.warm`).

Libraries read some variables of the environment once, at import. So there is one such process for training and one for
the other stages, for each number of threads; the first stage that loads a model starts it, and it ends with the runner.
What uses a GPU or vLLM, and `prepare`, which alone may talk to a hub, are processes of their own.
"""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ssd_jobs import contract
from ssd_operator.local import processes
from ssd_operator.local.processes import Finished

__all__ = ["WarmProcesses"]

LOADS_A_MODEL = (contract.SampleConfig, contract.GenerateConfig, contract.TrainConfig)
OF_ITS_OWN = (contract.PrepareConfig, contract.AnalyzeConfig)
Key = tuple[bool, frozenset[tuple[str, str]]]


class WarmProcesses:
    """Runs stage processes; leaving the context ends the processes that they are forked from."""

    def __init__(self) -> None:
        self._sources: dict[Key, _Source] = {}

    def __enter__(self) -> "WarmProcesses":
        return self

    def __exit__(self, *_: object) -> None:
        for source in self._sources.values():
            source.close()

    async def __call__(self, config: Path, *, index: int, log: Path, environment: Mapping[str, str]) -> Finished:
        """Run one stage process to its end; cancelling stops it and waits until it has saved what it had."""
        source = self._source(config, environment, log)
        if source is None:
            return await processes.run(config, index=index, log=log, environment=environment)
        started = source.start(config, {**environment, "JOB_COMPLETION_INDEX": str(index)}, log)
        return await started.finished(log)

    def _source(self, path: Path, environment: Mapping[str, str], log: Path) -> "_Source | None":
        """Return what this stage is forked from, None where it is a process of its own."""
        config = contract.load(path)
        if isinstance(config, OF_ITS_OWN) or _starts_vllm(config) or "CUDA_VISIBLE_DEVICES" in environment:
            return None
        key = (isinstance(config, contract.TrainConfig), frozenset(environment.items()))
        known = self._sources.get(key)
        if known is not None and known.alive:
            return known
        if not isinstance(config, LOADS_A_MODEL):
            return None
        self._sources[key] = _Source(path, environment, log)
        return self._sources[key]


def _starts_vllm(config: contract.Config) -> bool:
    """Tell whether a stage starts processes of its own, of which none must find what a fork has open."""
    return isinstance(config, contract.SampleConfig | contract.GenerateConfig) and config.science.engine.name == "VLLM"


class _Source:
    """A process that forks."""

    def __init__(self, config: Path, environment: Mapping[str, str], log: Path) -> None:
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, log.open("ab") as stream:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "ssd_jobs.warm", str(theirs.fileno()), str(config)],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                env={**os.environ, **environment},
                pass_fds=[theirs.fileno()],
                start_new_session=True,
                preexec_fn=partial(processes.die_with, os.getpid()),  # noqa: PLW1509 - the runner has one thread
            )

    @property
    def alive(self) -> bool:
        """Whether it can fork."""
        return self._process.poll() is None

    def start(self, config: Path, environment: Mapping[str, str], log: Path) -> "_Started":
        """Ask for a fork."""
        message = json.dumps({"config": str(config), "environment": dict(environment)}).encode()
        output = os.memfd_create("output")
        told, telling = os.pipe()
        errors = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            socket.send_fds(self._requests, [message], [output, errors, telling])
        finally:
            os.close(errors)
            os.close(telling)
        return _Started(output, told)

    def close(self) -> None:
        """End it; it has no forks left."""
        self._requests.close()
        self._process.terminate()
        self._process.wait()


@dataclass
class _Started:
    """A fork that was asked for."""

    output: int
    told: int
    pid: int = 0
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    async def finished(self, log: Path) -> Finished:
        """Wait for its end."""
        reader = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(self.told, "rb", buffering=0)
        )
        end = asyncio.create_task(self._end(reader))
        try:
            code = await asyncio.shield(end)
        except asyncio.CancelledError:
            await self.begun.wait()
            if self.pid and not end.done():
                await processes.stop(self.pid, end)
            raise
        finally:
            transport.close()
            written = os.pread(self.output, os.fstat(self.output).st_size, 0)
            os.close(self.output)
        return processes.finished(code, written, log)

    async def _end(self, reader: asyncio.StreamReader) -> int:
        """Return the exit code; where the process that forks is killed, its forks are too."""
        self.pid = int(await reader.readline() or 0)
        self.begun.set()
        return int(await reader.readline() or -signal.SIGKILL)
