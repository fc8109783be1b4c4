"""An event loop that never waits: where nothing is left to do now, its clock jumps to the next timer.

So a test of what happens in hours takes milliseconds, and every moment in it is exact. Programs and sockets outside
the loop do not know that time has passed: this is for code that only waits for itself.
"""

import asyncio
import selectors
from typing import Any

__all__ = ["InstantLoop"]

SHORTEST_S = 1e-9
"""A remainder too small to move a large number would be waited for without end."""


class _Jumping(selectors.SelectSelector):
    """Lets time pass instead of waiting for input."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        """Return what is there; without anything, the whole timeout is over at once."""
        found = super().select(0)
        if not found and timeout:
            self.now += max(timeout, SHORTEST_S)
        return found


class InstantLoop(asyncio.SelectorEventLoop):
    """For `asyncio.Runner(loop_factory=InstantLoop)`."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Return the seconds that have passed since the loop was made."""
        return self._jumping.now

    @property
    def timers(self) -> int:
        """Return how many timers the loop keeps, cancelled ones included."""
        return len(self._timers)

    @property
    def waiting(self) -> int:
        """Return how many timers will go off."""
        return sum(not timer.cancelled() for timer in self._timers)

    @property
    def _timers(self) -> list[asyncio.TimerHandle]:
        timers: list[asyncio.TimerHandle] = self._scheduled  # type: ignore[attr-defined]  # typeshed hides it
        return timers
