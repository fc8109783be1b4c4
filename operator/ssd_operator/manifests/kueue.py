"""What Kueue reads on a Job and its pods: the queue, the order in it, how long, where, and with how few shards."""

from __future__ import annotations

from ssd_operator import naming
from ssd_operator.manifests.place import Place
from ssd_operator.plan import Node
from ssd_operator.spec import scalars

__all__ = ["job_annotations", "job_labels", "pod_annotations"]

DOMAIN = "kueue.x-k8s.io"


def job_labels(place: Place) -> dict[str, str]:
    """Return the labels of a Job."""
    asked = place.spec.scheduling.kueue
    longest = scalars.seconds(asked.max_exec_time)
    return _said({
        naming.LABEL_QUEUE: place.spec.scheduling.queue,
        f"{DOMAIN}/priority-class": asked.priority_class_name,
        f"{DOMAIN}/max-exec-time-seconds": str(longest) if longest else "",
    })  # fmt: skip


def job_annotations(node: Node, place: Place) -> dict[str, str]:
    """Return the annotations of a Job: only shards can be fewer at once, and Kueue refuses a least that is all."""
    least = place.spec.scheduling.kueue.min_parallelism
    return {f"{DOMAIN}/job-min-parallelism": str(least)} if not node.is_gang and 0 < least < node.tasks else {}


def pod_annotations(node: Node, place: Place) -> dict[str, str]:
    """Return the annotations of a pod; only pods of a gang talk to each other."""
    if not node.is_gang or node.tasks == 1:
        return {}
    asked = place.spec.scheduling.kueue
    return _said({
        f"{DOMAIN}/podset-required-topology": asked.required_topology,
        f"{DOMAIN}/podset-preferred-topology": asked.preferred_topology,
    })  # fmt: skip


def _said(entries: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in entries.items() if value}
