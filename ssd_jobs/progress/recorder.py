"""How far a stage is: one registry, shown in three places.

A stage calls `update`. The registry keeps `progress.json` in the stage's directory (atomic, at most once a second)
for the local runner, and can be served as Prometheus metrics on a cluster. Progress is a courtesy: failing to write
it never fails a stage, and its absence never means that a stage failed.
"""

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

from ssd_jobs.artifacts import atomic
from ssd_jobs.contract import files

__all__ = ["Progress", "Snapshot", "read"]

INTERVAL_S = 1.0

Snapshot = dict[str, float | str]


class Progress:
    """Thread-safe: engines report from their own threads."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._values: Snapshot = {}
        self._file: Path | None = None
        self._written = float("-inf")

    def attach(self, directory: Path) -> None:
        """Write `progress.json` in this directory from now on."""
        with self._lock:
            self._file = directory / files.PROGRESS
            self._write(force=True)

    def update(self, *, done: float, total: float, unit: str, **values: float) -> None:
        """Record how many units are done, and any other current value, such as the loss."""
        with self._lock:
            self._values = {**self._values, "done": done, "total": total, "unit": unit, **values}
            self._write(force=done >= total)

    def starting(self, activity: str) -> None:
        """Record what is done before there is anything to count: 0 of 0, with the activity as unit."""
        self.update(done=0, total=0, unit=activity)

    def snapshot(self) -> Snapshot:
        """Return the current values."""
        with self._lock:
            return dict(self._values)

    def _write(self, *, force: bool) -> None:
        """Write the file unless it was written a moment ago."""
        now = self._clock()
        if self._file is None or not self._values or (not force and now - self._written < INTERVAL_S):
            return
        self._written = now
        try:
            atomic.write_text(self._file, json.dumps(self._values) + "\n")
        except OSError:
            return


def read(directory: Path) -> Snapshot | None:
    """Return what a stage last said, or None."""
    try:
        values: Snapshot = json.loads((directory / files.PROGRESS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return values
