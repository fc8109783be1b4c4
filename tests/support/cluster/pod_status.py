"""What a kubelet writes into a pod's status; the Job controller and the operator cannot tell the difference."""

from typing import Any

from ssd_operator import naming

__all__ = ["INSTANT", "ended", "pending", "running", "unschedulable"]

Raw = dict[str, Any]
ADDRESS = "192.0.2.1"
INSTANT = "2026-01-01T00:00:00Z"


def running(pod: Raw, *, container: str = naming.WORKER) -> Raw:
    """Return the status of a pod whose container runs and is ready."""
    return {"phase": "Running", **_state(pod, container, {"running": {"startedAt": INSTANT}}, ready=True)}


def ended(
    pod: Raw,
    *,
    code: int = 0,
    message: str = "",
    reason: str = "",
    disrupted: bool = False,
    container: str = naming.WORKER,
) -> Raw:
    """Return the status of a pod whose container has ended with this exit code and termination message."""
    end = {"exitCode": code, "message": message, "reason": reason or ("Error" if code else "Completed")}
    state = {"terminated": {**end, "startedAt": INSTANT, "finishedAt": INSTANT}}
    found = {"phase": "Failed" if code else "Succeeded", **_state(pod, container, state, ready=False)}
    if disrupted:
        found["conditions"].append(_condition("DisruptionTarget", "True", reason="EvictionByEvictionAPI"))
    return found


def pending(pod: Raw, *, reason: str, message: str, container: str = naming.WORKER) -> Raw:
    """Return the status of a pod whose container does not start."""
    state = {"waiting": {"reason": reason, "message": message}}
    return {"phase": "Pending", **_state(pod, container, state, ready=False)}


def unschedulable(message: str) -> Raw:
    """Return the status of a pod that has no node."""
    return {
        "phase": "Pending",
        "conditions": [_condition("PodScheduled", "False", reason="Unschedulable", message=message)],
    }


def _state(pod: Raw, container: str, state: Raw, *, ready: bool) -> Raw:
    images = {each["name"]: each["image"] for each in pod["spec"]["containers"]}
    status = {"name": container, "image": images[container], "imageID": "", "ready": ready, "restartCount": 0}
    return {
        "containerStatuses": [{**status, "state": state}],
        "conditions": [*_placed(pod), _condition("Ready", str(ready))],
        "podIP": ADDRESS,
        "podIPs": [{"ip": ADDRESS}],
    }


def _placed(pod: Raw) -> list[Raw]:
    """Return that a pod has its node, as the API server noted it."""
    known = pod.get("status", {}).get("conditions", [])
    return [each for each in known if each["type"] == "PodScheduled" and each["status"] == "True"]


def _condition(kind: str, status: str, **more: str) -> Raw:
    return {"type": kind, "status": status, **more, "lastTransitionTime": INSTANT}
