"""What schedulers and collectors do to a pod: it gets a node, or is taken away because its node is gone."""

from ssd_operator.cluster import Api
from ssd_operator.cluster.paths import KINDS

__all__ = ["bind", "collect"]

MERGE = "application/merge-patch+json"


async def bind(api: Api, namespace: str, pod: str, *, node: str) -> None:
    """Give a pod a node, as the scheduler does."""
    target = {"apiVersion": "v1", "kind": "Node", "name": node}
    path = f"{KINDS['Pod'].path(namespace, pod)}/binding"
    await api.request("POST", path, body={"metadata": {"name": pod}, "target": target})


async def collect(api: Api, namespace: str, pod: str) -> None:
    """Take away a pod whose node is gone, as the pod collector does: it has failed, then it is deleted."""
    gone = {"type": "DisruptionTarget", "status": "True", "reason": "DeletionByPodGC"}
    status = {"status": {"phase": "Failed", "conditions": [gone]}}
    place = KINDS["Pod"].path(namespace, pod, "status")
    await api.request("PATCH", place, body=status, content_type=MERGE)
    await api.request("DELETE", KINDS["Pod"].path(namespace, pod), body={"gracePeriodSeconds": 0})
