"""A queue of keys: what is added twice is done once, and no key is worked on twice at the same time.

Events say only that something about a key may have changed. The queue coalesces them, limits how many keys are worked
on at once, and comes back: after the time that the work asked for, or later and later, with jitter, when it failed.
A key has one timer, the earliest that was asked for; it goes when the key's turn comes sooner.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

__all__ = ["LONGEST_BACKOFF_S", "WorkQueue"]

LOGGER = logging.getLogger(__name__)
SHORTEST_BACKOFF_S = 0.2
LONGEST_BACKOFF_S = 60.0

K = TypeVar("K")


class WorkQueue(Generic[K]):
    """Calls `work` for every key that was added; its answer is after how many seconds to come back, or None."""

    def __init__(
        self,
        work: Callable[[K], Awaitable[float | None]],
        *,
        concurrency: int,
        failed: Callable[[K, Exception], float] = lambda _key, _error: 0.0,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._work = work
        self._failed = failed
        self._jitter = jitter
        self._concurrency = concurrency
        self._ready: asyncio.Queue[K] = asyncio.Queue()
        self._waiting: set[K] = set()
        self._busy: set[K] = set()
        self._again: set[K] = set()
        self._failures: dict[K, int] = {}
        self._timers: dict[K, asyncio.TimerHandle] = {}

    def __len__(self) -> int:
        """Return how many keys wait for their turn."""
        return len(self._waiting) + len(self._again)

    def add(self, key: K) -> None:
        """Have this key worked on soon; one that failed waits for its time all the same."""
        if key not in self._failures or key not in self._timers:
            self._start(key)

    def _start(self, key: K) -> None:
        """Put a key in line; what it waited for is over."""
        self._drop_timer(key)
        if key in self._busy:
            self._again.add(key)
        elif key not in self._waiting:
            self._waiting.add(key)
            self._ready.put_nowait(key)

    def add_after(self, key: K, seconds: float) -> None:
        """Have this key worked on after a while, or sooner when something happens."""
        if seconds <= 0:
            self.add(key)
            return
        loop = asyncio.get_running_loop()
        due = loop.time() + seconds
        if key in self._timers and self._timers[key].when() <= due:
            return
        self._drop_timer(key)
        self._timers[key] = loop.call_at(due, self._start, key)

    def _drop_timer(self, key: K) -> None:
        """Cancel a key's timer; the loop throws cancelled ones away before they are more than the others."""
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._concurrency):
                group.create_task(self._take_keys())

    async def _take_keys(self) -> None:
        """Work on one key after another."""
        while True:
            key = await self._ready.get()
            self._waiting.discard(key)
            self._busy.add(key)
            try:
                delay = await self._attempt(key)
            finally:
                self._busy.discard(key)
            if key in self._again:
                self._again.discard(key)
                self.add(key)
            elif delay is not None:
                self.add_after(key, delay)

    async def _attempt(self, key: K) -> float | None:
        """Work on a key; a failure is reported and comes back later, whatever it was."""
        try:
            delay: float | None = await self._work(key)
        except Exception as error:  # noqa: BLE001 - one resource must not stop the others
            count = self._failures[key] = self._failures.get(key, 0) + 1
            backoff = min(SHORTEST_BACKOFF_S * 2 ** min(count - 1, 20), LONGEST_BACKOFF_S)
            self._again.discard(key)
            asked: float = self._failed(key, error)
            spread: float = backoff * (0.5 + self._jitter())
            return max(asked, spread)
        self._failures.pop(key, None)
        return delay
