"""The Kubernetes objects of a stage and of a resource, made from the plan; pure, and what `ssd manifests` prints."""

from ssd_operator.manifests.build import job, objects
from ssd_operator.manifests.per_run import check, claim, common_pod, frozen_preset, isolation, resolved
from ssd_operator.manifests.place import Object, Place
from ssd_operator.manifests.pods import containers

__all__ = [
    "Object",
    "Place",
    "check",
    "claim",
    "common_pod",
    "containers",
    "frozen_preset",
    "isolation",
    "job",
    "objects",
    "resolved",
]
