"""The events of a Job: only they say why the Job controller cannot make its pods."""

from __future__ import annotations

from ssd_operator.cluster.api import Api, ApiError
from ssd_operator.lifecycle import JobView

__all__ = ["pod_refusal"]

PREFIX = "Error creating: "
"""What the Job controller writes before the API server's words."""


async def pod_refusal(api: Api, job: JobView) -> str:
    """Return why a Job's pods are refused, in the API server's words; nothing where nobody says so, or may be asked."""
    fields = f"involvedObject.uid={job.uid},reason=FailedCreate"
    try:
        found = [raw async for raw in api.list("Event", job.namespace, fields=fields)]
    except ApiError as error:
        if error.status != 403:
            raise
        return ""
    newest = max(found, key=lambda raw: raw.get("lastTimestamp") or "", default={})
    return str(newest.get("message", "")).removeprefix(PREFIX)
