"""One stage process: start it, keep its log, read its last line, terminate it.

A child dies with its parent (the kernel sends it SIGTERM), so that a killed runner leaves nothing behind that would
hold an artifact's lock. It has a process group of its own: Ctrl-C reaches the runner alone, which then stops
its children in order.
"""

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

__all__ = ["Finished", "die_with", "finished", "run", "stop"]

PR_SET_PDEATHSIG = 1
STOP_GRACE_S = 120.0
ERROR_MARK = " ERROR ssd_jobs: "


@dataclass(frozen=True)
class Finished:
    """How a process ended."""

    code: int
    output: str
    """The last line of its standard output: the result, when the code is 0."""
    message: str
    """The last error in its log."""


async def run(config: Path, *, index: int, log: Path, environment: Mapping[str, str]) -> Finished:
    """Run one stage process to its end; cancelling stops it and waits until it has saved what it had."""
    with log.open("ab") as stream:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "ssd_jobs",
            str(config),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=stream,
            env={**os.environ, **environment, "JOB_COMPLETION_INDEX": str(index)},
            start_new_session=True,
            preexec_fn=partial(die_with, os.getpid()),
        )
    try:
        output, _ = await process.communicate()
    except asyncio.CancelledError:
        if process.returncode is None:
            await stop(process.pid, asyncio.create_task(process.wait()))
        raise
    return finished(process.returncode or 0, output, log)


def finished(code: int, output: bytes, log: Path) -> Finished:
    """Return how a process ended that left this on its standard output."""
    lines = output.decode(errors="replace").strip().splitlines()
    return Finished(code=code, output=lines[-1] if lines else "", message=_last_error(log))


async def stop(pid: int, end: "asyncio.Task[int]") -> None:
    """Send SIGTERM, upon which a stage saves its work and ends; after a while SIGKILL. `end` waits for its end."""
    for number, patience in ((signal.SIGTERM, STOP_GRACE_S), (signal.SIGKILL, 10.0)):
        with suppress(ProcessLookupError):
            os.killpg(pid, number) if number == signal.SIGKILL else os.kill(pid, number)
        await asyncio.wait([end], timeout=patience)
        if end.done():
            return


def die_with(parent: int) -> None:
    """Have the kernel end this process when the runner dies, which it may have by now; a fork has its handlers."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        signal.raise_signal(signal.SIGTERM)


def _last_error(log: Path) -> str:
    """Return the last thing that the stage called an error."""
    with suppress(OSError):
        for line in reversed(log.read_text(encoding="utf-8", errors="replace").splitlines()):
            if ERROR_MARK in line:
                return line.split(ERROR_MARK, 1)[1]
    return ""
