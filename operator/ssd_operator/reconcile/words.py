"""What others say of Jobs and pods in their events, asked now and then: nothing tells when they say something else."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Set
from typing import Generic, TypeVar

from ssd_operator.lifecycle import JobView, PodView

__all__ = ["Words"]

KNOWN_S = 30.0


Subject = TypeVar("Subject", JobView, PodView)


class Words(Generic[Subject]):
    """Asks for the words about each subject, and keeps them for a while."""

    def __init__(
        self, ask: Callable[[Subject], Awaitable[str]], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ask: Callable[[Subject], Awaitable[str]] = ask
        self._clock = clock
        self._known: dict[str, tuple[str, float]] = {}

    def count(self) -> int:
        """Return of how many subjects something is known."""
        return len(self._known)

    async def message(self, subject: Subject) -> str:
        """Return what is said of a subject, empty when nobody says anything."""
        message, asked_at = self._known.get(subject.uid, ("", float("-inf")))
        if self._clock() - asked_at >= KNOWN_S:
            message = await self._ask(subject)
            self._known[subject.uid] = (message, self._clock())  # silence, too: it is asked for just as often
        return message

    def keep_only(self, uids: Set[str]) -> None:
        """Drop what is known of other subjects than these."""
        for uid in self._known.keys() - uids:
            del self._known[uid]
