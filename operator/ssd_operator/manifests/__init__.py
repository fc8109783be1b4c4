"""From a stage of the plan to Kubernetes objects: pure, and the same for the operator and for `ssd manifests`."""

from ssd_operator.manifests.build import job, objects
from ssd_operator.manifests.per_run import claim, isolation, resolved
from ssd_operator.manifests.place import Object, Place

__all__ = ["Object", "Place", "claim", "isolation", "job", "objects", "resolved"]
