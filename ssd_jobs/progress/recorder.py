"""How far a stage is: one registry, shown in three places.

A stage calls `update`. The registry keeps `progress.json` in the stage's directory (atomic, at most once a second)
for the local runner, and can be served as Prometheus metrics on a cluster. Progress is a courtesy: failing to write
it never fails a stage, and its absence never means that a stage failed.

What is left is told beside it (`left_s`), from how fast this unit has moved since this process began with it: a stage
that goes on where another attempt stopped, or hashes before it trains, is as fast as it is now.
"""

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

from ssd_jobs.artifacts import atomic
from ssd_jobs.contract import files
from ssd_jobs.contract.progress import LEFT, MEGABYTES

__all__ = ["Progress", "Snapshot", "read"]

INTERVAL_S = 1.0
MEGABYTE = 10**6

Snapshot = dict[str, float | str]


class Progress:
    """Thread-safe: engines report from their own threads."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._values: Snapshot = {}
        self._file: Path | None = None
        self._written = float("-inf")
        self._begun = (clock(), 0.0)
        """When this process began with the unit, and how much of it was done then."""

    def attach(self, directory: Path) -> None:
        """Write `progress.json` in this directory from now on."""
        with self._lock:
            self._file = directory / files.PROGRESS
            self._write(force=True)

    def update(self, *, done: float, total: float, unit: str, **values: float) -> None:
        """Record how many units are done, and any other current value, such as the loss."""
        with self._lock:
            kept = {name: value for name, value in self._values.items() if name != LEFT}
            other = unit != kept.get("unit")
            if other or done < float(kept["done"]):
                self._begun = (self._clock(), done)
            left = self._left(done, total)
            self._values = {**kept, "done": done, "total": total, "unit": unit, **values, **left}
            # Another unit is shown at once: its next update may be long in coming.
            self._write(force=other or done >= total)

    def megabytes(self, what: str) -> Callable[[int, int], None]:
        """Return what records how many bytes of how many are, say, hashed: in megabytes, which a person can read."""

        def record(done: int, total: int) -> None:
            whole = -(-total // MEGABYTE)
            self.update(done=whole if done >= total else done // MEGABYTE, total=whole, unit=f"{MEGABYTES} {what}")

        return record

    def starting(self, activity: str) -> None:
        """Record what is done before there is anything to count: 0 of 0, with the activity as unit."""
        self.update(done=0, total=0, unit=activity)

    def snapshot(self) -> Snapshot:
        """Return the current values."""
        with self._lock:
            return dict(self._values)

    def _left(self, done: float, total: float) -> Snapshot:
        """Return the seconds that are left, once something of the unit has been done here."""
        since, before = self._begun
        return {LEFT: (self._clock() - since) * (total - done) / (done - before)} if done > before else {}

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
