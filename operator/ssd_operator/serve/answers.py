"""How long the end of a Job waits for its answer: hardware stands still until the next Job is made.

What is measured is this process's part: from the moment at which a watch delivered the end to the end of the pass that
saw it, in which what follows was decided, written and made.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from ssd_operator.cluster import Key
from ssd_operator.reconcile import AT_ONCE

__all__ = ["Answers"]


class Answers:
    """Notes ends of Jobs as they are seen, and measures when a pass has answered them."""

    def __init__(self, observe: Callable[[float], None], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._observe = observe
        self._clock = clock
        self._seen_at: dict[Key, float] = {}
        """Resource -> when the first end was seen that no pass has answered."""

    def note_end(self, key: Key) -> None:
        """A Job of this resource was seen to have ended."""
        self._seen_at.setdefault(key, self._clock())

    async def measure(self, key: Key, work: Callable[[Key], Awaitable[float | None]]) -> float | None:
        """Do a pass; one that failed, or that must be repeated at once, has answered nothing.

        What ends meanwhile waits for the next pass: this one may not have seen it.
        """
        seen_at = self._seen_at.pop(key, None)
        delay: float | None = AT_ONCE
        try:
            delay = await work(key)
        finally:
            if seen_at is not None and delay == AT_ONCE:
                self._seen_at[key] = seen_at
            elif seen_at is not None:
                self._observe(self._clock() - seen_at)
        return delay
