"""When a status is written: what was decided at once, what was only seen a moment later, with what is seen until then.

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

    def __init__(self, wait_most_s: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.wait_most_s = wait_most_s
        self._clock = clock
        self._seen_at: dict[Key, float] = {}
        """Run -> when something was seen first that is not written yet."""

    def count(self) -> int:
        """Return of how many runs something waits to be written."""
        return len(self._seen_at)

    def forget(self, key: Key) -> None:
        """Forget what waits: it was written, or the run is gone."""
        self._seen_at.pop(key, None)

    def wait_s(self, key: Key, was: Status, status: Status) -> float:
        """Return for how many seconds the write can wait; 0 when it is due, or when something hangs on it."""
        if status == was or not is_quiet(was, status):
            return 0.0
        now = self._clock()
        return max(self._seen_at.setdefault(key, now) + self.wait_most_s - now, 0.0)
