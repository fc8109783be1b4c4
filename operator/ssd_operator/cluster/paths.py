"""Where each kind of object is found in the API."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ssd_operator import naming
from ssd_operator.spec.kinds import RESOURCE_KINDS

__all__ = ["KINDS", "Kind", "kind_of"]


@dataclass(frozen=True)
class Kind:
    """One kind's place in the API."""

    api_version: str
    plural: str

    def path(self, namespace: str, name: str = "", subresource: str = "") -> str:
        """Return the path of an object, or of all of them; an empty namespace is the whole cluster."""
        root = f"/api/{self.api_version}" if "/" not in self.api_version else f"/apis/{self.api_version}"
        parts = [root, *(["namespaces", namespace] if namespace else []), self.plural, name, subresource]
        return "/".join(part for part in parts if part)


KINDS = {
    **{row.kind: Kind(naming.API_VERSION, row.plural) for row in RESOURCE_KINDS.values()},
    "ConfigMap": Kind("v1", "configmaps"),
    "Event": Kind("v1", "events"),
    "Job": Kind("batch/v1", "jobs"),
    "Lease": Kind("coordination.k8s.io/v1", "leases"),
    "NetworkPolicy": Kind("networking.k8s.io/v1", "networkpolicies"),
    "PersistentVolumeClaim": Kind("v1", "persistentvolumeclaims"),
    "Pod": Kind("v1", "pods"),
    "ResourceQuota": Kind("v1", "resourcequotas"),
    "Service": Kind("v1", "services"),
}


def kind_of(body: Mapping[str, Any]) -> Kind:
    """Return the place of an object's kind; of PodGroups there are several, one for each scheduler."""
    if body["kind"] == naming.POD_GROUP:
        return Kind(body["apiVersion"], "podgroups")
    return KINDS[body["kind"]]
