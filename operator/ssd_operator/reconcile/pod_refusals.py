"""Why Jobs get no pods, asked of their events now and then: nothing tells when another reason is given."""

from __future__ import annotations

import time
from collections.abc import Callable, Set

from ssd_operator.cluster import Api, pod_refusal
from ssd_operator.lifecycle import JobView

__all__ = ["PodRefusals"]

KNOWN_S = 30.0


class PodRefusals:
    """Asks the events of Jobs that have been without a pod for too long."""

    def __init__(self, api: Api, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._api = api
        self._clock = clock
        self._known: dict[str, tuple[str, float]] = {}

    def count(self) -> int:
        """Return of how many Jobs something is known."""
        return len(self._known)

    async def message(self, job: JobView) -> str:
        """Return who refuses a Job its pods, empty when nobody says so."""
        message, asked_at = self._known.get(job.uid, ("", float("-inf")))
        if self._clock() - asked_at >= KNOWN_S:
            message = await pod_refusal(self._api, job)
            if message:
                self._known[job.uid] = (message, self._clock())
        return message

    def keep_only(self, uids: Set[str]) -> None:
        """Drop what is known of other Jobs than these."""
        for uid in self._known.keys() - uids:
            del self._known[uid]
