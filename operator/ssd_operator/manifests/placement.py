"""Where a stage's pods may run, in which order and runtime, and as whom."""

from typing import Any

from ssd_operator import naming
from ssd_operator.manifests import gangs
from ssd_operator.manifests.place import Object, Place
from ssd_operator.plan import Node
from ssd_operator.spec.pod import Pod

__all__ = ["placement", "priority"]

EVALUATION = frozenset({"evaluation", "analysis", "tracking"})
"""Sections of the spec whose stages finish what others have begun."""


def placement(node: Node, place: Place, asked: Pod, *, job: str) -> Object:
    """Return what the pod's spec says about nodes, priority, runtime and identity."""
    by = gangs.scheduler(node, place)
    selector, tolerations = dict(asked.node_selector), [_toleration(each.document()) for each in asked.tolerations]
    if node.gpus:
        selector = selector or dict(place.settings.gpu_node_selector)
        tolerations = tolerations or [dict(each) for each in place.settings.gpu_tolerations]
    said: dict[str, Any] = {
        "nodeSelector": selector,
        "tolerations": tolerations,
        "affinity": dict(asked.affinity),
        "topologySpreadConstraints": [_spread(each, job) for each in asked.topology_spread_constraints],
        "imagePullSecrets": [each.document() for each in asked.image_pull_secrets],
        "priorityClassName": priority(node, place),
        "runtimeClassName": _runtime(node, place, asked),
        "schedulerName": asked.scheduler_name or (by.name if by else ""),
        "serviceAccountName": asked.service_account_name,
        "resourceClaims": [each.document() for each in asked.resource_claims],
    }
    return {name: value for name, value in said.items() if value}


def _toleration(document: Object) -> Object:
    """Return a toleration without what means nothing."""
    return {name: value for name, value in document.items() if value != ""}


def _spread(constraint: Object, job: str) -> Object:
    """Return a constraint that counts the pods of this Job when it does not say which."""
    return {"labelSelector": {"matchLabels": {naming.LABEL_JOB: job}}, **constraint}


def priority(node: Node, place: Place) -> str:
    """Return the priority class: the stage's, the resource's, or the installation's for this part of the work."""
    part = "evaluation" if node.row.pod.path.split(".")[0] in EVALUATION else "training"
    named = place.pod(node).priority_class_name or place.spec.scheduling.priority_class_name
    return named or place.settings.priority_classes.get(part, "")


def _runtime(node: Node, place: Place, asked: Pod) -> str:
    """Return the runtime class; where programs run, the one that is named for that is never replaced by another."""
    if node.needs_sandbox:
        return place.spec.scheduling.runtime_class_name or asked.runtime_class_name
    return asked.runtime_class_name or (place.settings.gpu_runtime_class if node.gpus else "")
