"""The events of Jobs and pods that say what nothing else does: who refuses pods, and who makes a node for one."""

from __future__ import annotations

from ssd_operator.cluster.api import Api, ApiError
from ssd_operator.cluster.transport import Raw
from ssd_operator.lifecycle import JobView, PodView

__all__ = ["pod_refusal", "scale_up"]

PREFIX = "Error creating: "
"""What the Job controller writes before the API server's words."""
SCALE_UPS = ("TriggeredScaleUp", "Nominated")
"""Reasons of the cluster autoscaler and of Karpenter."""


async def pod_refusal(api: Api, job: JobView) -> str:
    """Return why a Job's pods are refused, in the API server's words; nothing where nobody says so, or may be asked."""
    found = await _events(api, job.namespace, f"involvedObject.uid={job.uid},reason=FailedCreate")
    return _newest(found).removeprefix(PREFIX)


async def scale_up(api: Api, pod: PodView) -> str:
    """Return how the cluster makes a node for a pod, in the words of its autoscaler; nothing where it does not."""
    found = await _events(api, pod.namespace, f"involvedObject.uid={pod.uid}")
    return _newest([raw for raw in found if raw.get("reason") in SCALE_UPS])


async def _events(api: Api, namespace: str, fields: str) -> list[Raw]:
    """Return the events with such fields, none where nobody may ask."""
    try:
        return [raw async for raw in api.list("Event", namespace, fields=fields)]
    except ApiError as error:
        if error.status != 403:
            raise
        return []


def _newest(events: list[Raw]) -> str:
    """Return the words of the newest event; some writers leave the old field for its time empty."""
    newest = max(events, key=lambda raw: raw.get("lastTimestamp") or raw.get("eventTime") or "", default={})
    return str(newest.get("message", ""))
