"""How often a status is written: what was decided at once, what was only seen every two seconds for each run.

Between a Job and its first pod, and from there to the pod's end, much is seen in little time; each of it alone is a
write that the API server sends to everybody who watches.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from ssd_operator.cluster import Key
from ssd_operator.lifecycle import is_quiet
from ssd_operator.spec.status import Status

__all__ = ["Pacing"]


class Pacing:
    """Tells how long a change of a status may wait for company."""

    def __init__(self, every_s: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.every_s = every_s
        self._clock = clock
        self._written_at: dict[Key, float] = {}

    def count(self) -> int:
        """Return of how many runs a write is known."""
        return len(self._written_at)

    def note(self, key: Key) -> None:
        """Remember that a status was written."""
        self._written_at[key] = self._clock()

    def forget(self, key: Key) -> None:
        """Drop what is known of a run."""
        self._written_at.pop(key, None)

    def wait_s(self, key: Key, was: Status, status: Status) -> float:
        """Return for how many seconds the write can wait; 0 when it is due, or when something hangs on it."""
        if status == was or not is_quiet(was, status):
            return 0.0
        return max(self._written_at.get(key, float("-inf")) + self.every_s - self._clock(), 0.0)
