"""Jobs and pods, from objects as the API server sends them to the few facts that decisions are made from.

Whole objects of thousands of Jobs would be most of the process's memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ssd_operator import naming
from ssd_operator.lifecycle import JobView, Owner, PodView
from ssd_operator.spec.kinds import RESOURCE_KINDS

__all__ = ["view_job", "view_pod"]

Raw = Mapping[str, Any]
LONGEST_INDEX = 10


def view_job(raw: Raw) -> JobView:
    """Return what matters of a Job."""
    metadata, spec, status = raw["metadata"], raw["spec"], raw.get("status", {})
    end: Raw = next((each for each in status.get("conditions", []) if _ends(each)), {})
    return JobView(
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        version=int(metadata["resourceVersion"]),
        key=metadata.get("annotations", {}).get(naming.ANNOTATION_KEY, ""),
        owners=tuple(
            Owner(each["kind"], each["uid"], each["name"])
            for each in metadata.get("ownerReferences", [])
            if each["kind"] in RESOURCE_KINDS and each["apiVersion"].startswith(f"{naming.GROUP}/")
        ),
        queue=metadata.get("labels", {}).get(naming.LABEL_QUEUE, ""),
        suspended=bool(spec.get("suspend", False)),
        deleting="deletionTimestamp" in metadata,
        active=status.get("active", 0),
        succeeded=status.get("succeeded", 0),
        completions=spec.get("completions", 1),
        failed_indexes=status.get("failedIndexes", ""),
        end=end.get("type", ""),
        reason=end.get("reason", ""),
        message=end.get("message", ""),
        ended_at=end.get("lastTransitionTime") or "",
        started_at=status.get("startTime") or "",
    )


def _ends(condition: Raw) -> bool:
    return condition["type"] in ("Complete", "Failed") and condition["status"] == "True"


def view_pod(raw: Raw) -> PodView:
    """Return what matters of a pod."""
    metadata, status = raw["metadata"], raw.get("status", {})
    conditions = {each["type"]: each for each in status.get("conditions", [])}
    worker = _worker(status)
    terminated = worker.get("terminated", {})
    waiting = worker.get("waiting", {})
    scheduled = conditions.get("PodScheduled", {})
    return PodView(
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        version=int(metadata["resourceVersion"]),
        job=metadata.get("labels", {}).get(naming.LABEL_JOB, ""),
        index=_index(metadata.get("annotations", {}).get("batch.kubernetes.io/job-completion-index", "")),
        phase=status.get("phase", "Pending"),
        disrupted=conditions.get("DisruptionTarget", {}).get("status") == "True",
        exit_code=terminated.get("exitCode"),
        end_reason=terminated.get("reason") or "",
        message=terminated.get("message") or "",
        waiting=waiting.get("reason") or "",
        waiting_message=waiting.get("message") or "",
        unschedulable=scheduled.get("message") or "" if scheduled.get("status") == "False" else "",
        ip=status.get("podIP") or "",
        started_at=status.get("startTime") or "",
        node=raw.get("spec", {}).get("nodeName") or "",
        worker_ended_at=terminated.get("finishedAt") or "",
        placed_at=scheduled.get("lastTransitionTime") or "",
        ends_at=metadata.get("deletionTimestamp") or "",
    )


def _index(text: str) -> int:
    """Return a pod's number; anyone may make a pod with our label, and write there what they like."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < LONGEST_INDEX else 0


def _worker(status: Raw) -> Raw:
    """Return the state of the worker container; of a sandbox only when it keeps the worker from starting."""
    states = [*status.get("containerStatuses", []), *status.get("initContainerStatuses", [])]
    worker: Raw = next((each.get("state", {}) for each in states if each["name"] == naming.WORKER), {})
    if worker and worker.get("waiting", {}).get("reason") != "PodInitializing":
        return worker
    stuck = (each.get("state", {}) for each in states if each.get("state", {}).get("waiting", {}).get("message"))
    return next(stuck, worker)
