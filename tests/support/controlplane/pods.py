"""The kubelet's part, played by a test: the test control plane has no node that would run a pod.

What is written here is what a kubelet writes: the phase, and for every container its state, exit code and termination
message. The Job controller and the operator cannot tell the difference.
"""

import json
from typing import Any

from controlplane.kubectl import Kubectl

__all__ = ["finish", "run"]

INSTANT = "2026-01-01T00:00:00Z"


def run(kubectl: Kubectl, pod: str) -> None:
    """The pod's containers start and are ready."""
    _report(kubectl, pod, "Running", {"running": {"startedAt": INSTANT}}, ready=True)


def finish(kubectl: Kubectl, pod: str, *, exit_code: int = 0, message: str = "", reason: str | None = None) -> None:
    """Every container of the pod ends with this exit code and termination message."""
    terminated = {
        "exitCode": exit_code,
        "message": message,
        "reason": reason or ("Completed" if exit_code == 0 else "Error"),
        "startedAt": INSTANT,
        "finishedAt": INSTANT,
    }
    _report(kubectl, pod, "Succeeded" if exit_code == 0 else "Failed", {"terminated": terminated}, ready=False)


def _report(kubectl: Kubectl, pod: str, phase: str, state: dict[str, Any], *, ready: bool) -> None:
    spec = kubectl.get("pod", pod)["spec"]
    status = {
        "phase": phase,
        "conditions": [{"type": "Ready", "status": str(ready), "lastTransitionTime": INSTANT}],
        "containerStatuses": [_container(each, state, ready=ready) for each in spec["containers"]],
        "initContainerStatuses": [_container(each, state, ready=ready) for each in spec.get("initContainers", [])],
    }
    kubectl("patch", "pod", pod, "--subresource=status", "--type=merge", "-p", json.dumps({"status": status}))


def _container(spec: dict[str, Any], state: dict[str, Any], *, ready: bool) -> dict[str, Any]:
    return {
        "name": spec["name"],
        "image": spec["image"],
        "imageID": "",
        "ready": ready,
        "restartCount": 0,
        "started": ready,
        "state": state,
    }
