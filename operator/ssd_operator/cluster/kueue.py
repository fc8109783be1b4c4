"""Kueue's objects about a Job: its Workload, and that one's place in the queue; nothing where nobody can answer."""

from __future__ import annotations

from dataclasses import dataclass

from ssd_operator.cluster.api import Api, ApiError
from ssd_operator.cluster.transport import Raw
from ssd_operator.lifecycle import JobView

__all__ = ["Workload", "position", "workload"]

VERSIONS = ("v1beta2", "v1beta1")
"""Of Kueue's API, newest first."""
JOB_LABEL = "kueue.x-k8s.io/job-uid"


@dataclass(frozen=True)
class Workload:
    """What Kueue admits for a Job."""

    name: str
    reason: str
    """Why it is not admitted, in Kueue's words; empty when it does not say."""


async def workload(api: Api, job: JobView) -> Workload | None:
    """Return the Workload of a Job."""
    path = f"kueue.x-k8s.io/{{}}/namespaces/{job.namespace}/workloads"
    for raw in await _items(api, path, {"labelSelector": f"{JOB_LABEL}={job.uid}"}):
        return Workload(name=raw["metadata"]["name"], reason=_reason(raw, job))
    return None


async def position(api: Api, job: JobView, name: str) -> int | None:
    """Return where in its queue a Workload stands, counted from zero."""
    path = f"visibility.kueue.x-k8s.io/{{}}/namespaces/{job.namespace}/localqueues/{job.queue}/pendingworkloads"
    for each in await _items(api, path, {"labelSelector": ""}):
        if each["metadata"]["name"] == name:
            return int(each["positionInLocalQueue"])
    return None


async def _items(api: Api, path: str, query: dict[str, str]) -> list[Raw]:
    """Return the items of the newest version that is served, none when nobody may or can answer."""
    for version in VERSIONS:
        try:
            answer = await api.request("GET", f"/apis/{path.format(version)}", query=query)
        except ApiError:
            continue
        return list(answer.get("items") or [])
    return []


def _reason(raw: Raw, job: JobView) -> str:
    """Return why a Workload is not admitted."""
    conditions = {each["type"]: each for each in raw.get("status", {}).get("conditions", [])}
    if raw.get("spec", {}).get("active") is False:
        words = conditions.get("Evicted", {}).get("message") or "somebody deactivated it"
        return f"{words.rstrip('. ')}; kubectl delete job {job.name} lets the stage go on from what it has written"
    reserved = conditions.get("QuotaReserved", {})
    if reserved.get("status") == "True":
        return "its quota is reserved, admission checks are not through"
    return str(reserved.get("message", ""))
