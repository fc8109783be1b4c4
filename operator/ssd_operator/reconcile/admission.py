"""What Kueue says of a Job that it has not admitted: the words of its Workload, and the place in the queue.

Kueue is optional, and both are a courtesy: without the right to read them, or without the server that counts places,
a stage still says in which queue it waits. They are asked for now and then, since nothing tells when a place changes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Set

from ssd_operator.cluster import Api, kueue
from ssd_operator.lifecycle import JobView

__all__ = ["Admissions"]

KNOWN_S = 30.0


class Admissions:
    """Asks Kueue why Jobs wait."""

    def __init__(self, api: Api, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._api = api
        self._clock = clock
        self._known: dict[str, tuple[str, float]] = {}

    def count(self) -> int:
        """Return of how many Jobs something is known."""
        return len(self._known)

    async def message(self, job: JobView) -> str:
        """Return what keeps a Job, empty when Kueue does not say."""
        message, asked_at = self._known.get(job.uid, ("", float("-inf")))
        if self._clock() - asked_at >= KNOWN_S:
            message = await self._ask(job)
            self._known[job.uid] = (message, self._clock())
        return message

    def forget(self, uid: str) -> None:
        """Drop what is known of a Job."""
        self._known.pop(uid, None)

    def keep_only(self, uids: Set[str]) -> None:
        """Drop what is known of other Jobs than these."""
        for uid in self._known.keys() - uids:
            self.forget(uid)

    async def _ask(self, job: JobView) -> str:
        """Read the Workload, then its place."""
        workload = await kueue.workload(self._api, job)
        if workload is None:
            return ""
        position = await kueue.position(self._api, job, workload.name)
        place = "" if position is None else f"position {position + 1}"
        return ": ".join(filter(None, (place, workload.reason)))
