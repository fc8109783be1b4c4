"""What workers and their launcher leave for each other in one directory of one node."""

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ssd_jobs.artifacts import atomic
from ssd_jobs.errors import ExitCode

__all__ = ["Failure", "cause", "failures", "pids", "read_outcome", "write_failure", "write_outcome", "write_pid"]


@dataclass(frozen=True)
class Failure:
    """How one worker ended."""

    rank: int
    code: int
    message: str
    time: float


def write_pid(directory: Path, rank: int) -> None:
    """Write this worker's process id, to which the launcher sends signals."""
    atomic.write_text(directory / f"pid-{rank}", str(os.getpid()))


def pids(directory: Path) -> set[int]:
    """Return the workers that have started."""
    return {int(path.read_text()) for path in directory.glob("pid-*")}


def write_failure(directory: Path, rank: int, code: int, message: str) -> None:
    """Write why this worker fails, before it exits."""
    document = {"rank": rank, "code": int(code), "message": message, "time": time.time()}
    atomic.write_text(directory / f"failure-{rank}", json.dumps(document))


def failures(directory: Path) -> list[Failure]:
    """Return what workers said at their end."""
    return [Failure(**json.loads(path.read_text())) for path in directory.glob("failure-*")]


def cause(found: list[Failure]) -> Failure:
    """Return the failure that explains the others: the first one that is not the loss of a peer."""
    return min(found, key=lambda failure: (failure.code == ExitCode.TEMPORARY, failure.time, failure.rank))


def write_outcome(directory: Path, outcome: dict[str, Any]) -> None:
    """Write what goes into the manifest."""
    atomic.write_text(directory / "outcome", json.dumps(outcome))


def read_outcome(directory: Path) -> dict[str, Any]:
    """Return what rank 0 left."""
    document: dict[str, Any] = json.loads((directory / "outcome").read_text())
    return document
