"""What Kueue says of a Job that it has not admitted: the words of its Workload, and the place in the queue.

Kueue is optional, and both are a courtesy: without the right to read them, or without the server that counts places,
a stage still says in which queue it waits. They are asked for now and then, since nothing tells when a place changes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Set
from typing import Any

from ssd_operator.cluster import Api, ApiError
from ssd_operator.lifecycle import JobView

__all__ = ["Admissions"]

Raw = dict[str, Any]
VERSIONS = ("v1beta2", "v1beta1")
"""Of Kueue's API, newest first."""
JOB_LABEL = "kueue.x-k8s.io/job-uid"
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
        listed = await self._read(f"kueue.x-k8s.io/{{}}/namespaces/{job.namespace}/workloads", {JOB_LABEL: job.uid})
        if not listed:
            return ""
        [workload, *_] = listed
        place = await self._place(job, workload["metadata"]["name"])
        return ": ".join(filter(None, (place, _reason(workload))))

    async def _place(self, job: JobView, workload: str) -> str:
        """Return where in its queue a Workload stands."""
        path = f"visibility.kueue.x-k8s.io/{{}}/namespaces/{job.namespace}/localqueues/{job.queue}/pendingworkloads"
        for each in await self._read(path, {}):
            if each["metadata"]["name"] == workload:
                return f"position {each['positionInLocalQueue'] + 1}"
        return ""

    async def _read(self, path: str, labels: dict[str, str]) -> list[Raw]:
        """Return the items of the newest version that is served, none when nobody may or can answer."""
        query = {"labelSelector": ",".join(f"{name}={value}" for name, value in labels.items())}
        for version in VERSIONS:
            try:
                answer = await self._api.request("GET", f"/apis/{path.format(version)}", query=query)
            except ApiError:
                continue
            return list(answer.get("items") or [])
        return []


def _reason(workload: Raw) -> str:
    """Return why it is not admitted, in Kueue's words."""
    conditions = {each["type"]: each for each in workload.get("status", {}).get("conditions", [])}
    reserved = conditions.get("QuotaReserved", {})
    if reserved.get("status") == "True":
        return "its quota is reserved, admission checks are not through"
    return str(reserved.get("message", ""))
