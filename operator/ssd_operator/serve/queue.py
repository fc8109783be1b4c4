"""A queue of keys: what is added twice is done once, and no key is worked on twice at the same time.

Events say only that something about a key may have changed. The queue coalesces them, limits how many keys are worked
on at once, and comes back: after the time that the work asked for, or later and later, with jitter, when it failed.
A key has one timer, the earliest that was asked for; it goes when the key's turn comes sooner.

There are two lanes. A key in the first one, because a Job has ended and hardware waits, comes before all keys of which
there is only news.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

__all__ = ["LONGEST_BACKOFF_S", "WorkQueue"]

LOGGER = logging.getLogger(__name__)
NEWS_S = 1.0
"""News comes in crowds: a Job has half a dozen between its first pod and its last."""
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
        self._ready: asyncio.PriorityQueue[tuple[int, int, K]] = asyncio.PriorityQueue()
        self._numbers = itertools.count()
        self._waiting: dict[K, int] = {}
        """Key -> its place in the line; another entry of it there is one that it has left behind."""
        self._early: set[K] = set()
        """Keys of the first lane that wait."""
        self._busy: set[K] = set()
        self._again: dict[K, bool] = {}
        """Keys to be worked on once more, and whether in the first lane."""
        self._failures: dict[K, int] = {}
        self._timers: dict[K, asyncio.TimerHandle] = {}

    def __len__(self) -> int:
        """Return how many keys wait for their turn."""
        return len(self._waiting) + len(self._again)

    def add(self, key: K, *, early: bool = False) -> None:
        """Have this key worked on soon; one that failed waits for its time all the same."""
        if key not in self._failures or key not in self._timers:
            self._start(key, early=early)

    def add_soon(self, key: K) -> None:
        """Have this key worked on within a moment, once for all the news until then."""
        if key not in self._waiting and (key not in self._failures or key not in self._timers):
            self.add_after(key, NEWS_S)

    def _start(self, key: K, *, early: bool = False) -> None:
        """Put a key in line; what it waited for is over."""
        self._drop_timer(key)
        if key in self._busy:
            self._again[key] = early or self._again.get(key, False)
        elif key not in self._waiting or (early and key not in self._early):
            self._waiting[key] = number = next(self._numbers)
            if early:
                self._early.add(key)
            self._ready.put_nowait((not early, number, key))

    async def _next(self) -> K:
        """Return the key whose turn it is."""
        while True:
            _, number, key = await self._ready.get()
            if self._waiting.get(key) == number:
                del self._waiting[key]
                self._early.discard(key)
                return key

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
            key = await self._next()
            self._busy.add(key)
            try:
                delay = await self._attempt(key)
            finally:
                self._busy.discard(key)
            if key in self._again:
                self.add(key, early=self._again.pop(key))
            elif delay is not None:
                self.add_after(key, delay)

    async def _attempt(self, key: K) -> float | None:
        """Work on a key; a failure is reported and comes back later, whatever it was."""
        try:
            delay: float | None = await self._work(key)
        except Exception as error:  # noqa: BLE001 - one resource must not stop the others
            count = self._failures[key] = self._failures.get(key, 0) + 1
            backoff = min(SHORTEST_BACKOFF_S * 2 ** min(count - 1, 20), LONGEST_BACKOFF_S)
            self._again.pop(key, None)
            asked: float = self._failed(key, error)
            spread: float = backoff * (0.5 + self._jitter())
            return max(asked, spread)
        self._failures.pop(key, None)
        return delay
