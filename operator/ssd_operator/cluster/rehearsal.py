"""What the API server would make of a pod: asked in a dry run, so that nothing is made."""

from __future__ import annotations

from ssd_operator.cluster.api import Api, ApiError
from ssd_operator.cluster.paths import KINDS
from ssd_operator.cluster.transport import Raw
from ssd_operator.lifecycle import RehearsedPod

__all__ = ["rehearse_pod"]

NO_RIGHT = 'cannot create resource "pods"'


async def rehearse_pod(api: Api, job: Raw) -> RehearsedPod | None:
    """Return how the first pod of a Job would be admitted, or None where the operator may not ask."""
    metadata, template = job["metadata"], job["spec"]["template"]
    named = {"generateName": f"{metadata['name'][:40]}-", "namespace": metadata["namespace"]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {**template["metadata"], **named}, "spec": template["spec"]}
    try:
        path = KINDS["Pod"].path(metadata["namespace"])
        answer = await api.request("POST", path, query={"dryRun": "All"}, body=pod)
    except ApiError as error:
        if not error.refused:
            raise
        return None if NO_RIGHT in error.message else RehearsedPod(refusal=error.message)
    spec = answer["spec"]
    containers = [*spec.get("initContainers", []), *spec["containers"]]
    return RehearsedPod(resources=tuple(each.get("resources", {}) for each in containers))
