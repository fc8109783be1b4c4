"""What keeps a gang together: the PodGroup of each scheduler that has one, and how its pods name it.

The PodGroup must be there before the pods, or the scheduler places them one by one. So the Job of such a gang is made
suspended, and is let go once everything around it stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ssd_operator import naming
from ssd_operator.manifests.place import Object, Place
from ssd_operator.plan import Node

__all__ = ["GangScheduler", "job_annotations", "pod_group", "scheduler"]


@dataclass(frozen=True)
class GangScheduler:
    """One scheduler that places the pods of a PodGroup together."""

    api_version: str
    """Of its PodGroup."""
    name: str
    """By which pods ask for it, as it is installed by its own chart."""
    label: str = ""
    """By which a pod names its PodGroup."""
    annotation: str = ""
    """The same, where that is an annotation."""
    queue_label: str = ""
    """By which a pod names its queue, beside the PodGroup."""
    default_queue: str = ""
    """Where a PodGroup without a queue is never placed."""
    has_priority: bool = False
    """The PodGroup, not its pods, says which group comes first."""

    def labels(self, group: str, queue: str) -> dict[str, str]:
        """Return the labels of a pod."""
        said = {self.label: group, self.queue_label: queue or self.default_queue}
        return {key: value for key, value in said.items() if key}

    def annotations(self, group: str) -> dict[str, str]:
        """Return the annotations of a pod."""
        return {self.annotation: group} if self.annotation else {}


SCHEDULERS: Final = {
    "Coscheduling": GangScheduler(
        "scheduling.x-k8s.io/v1alpha1", "scheduler-plugins-scheduler", label="scheduling.x-k8s.io/pod-group"
    ),
    "Volcano": GangScheduler(
        "scheduling.volcano.sh/v1beta1", "volcano", annotation="scheduling.k8s.io/group-name", has_priority=True
    ),
    "KAI": GangScheduler(
        "scheduling.run.ai/v2alpha2",
        "kai-scheduler",
        annotation="pod-group-name",
        queue_label="kai.scheduler/queue",
        default_queue="default-queue",
        has_priority=True,
    ),
}
OWN_GROUP_OF_KAI: Final = "kai.scheduler/skip-podgrouper"
"""KAI makes a PodGroup of one pod for every Job that does not say that it brings its own."""
SIZE_FOR_KAI: Final = "kai.scheduler/batch-min-member"
"""The size of the group that a KAI makes which does not know the other annotation."""


def scheduler(node: Node, place: Place) -> GangScheduler | None:
    """Return the scheduler that places a stage's pods together; None where one pod or shards are placed one by one."""
    return SCHEDULERS.get(place.spec.scheduling.gang.scheduler) if node.is_gang and node.tasks > 1 else None


def pod_group(node: Node, place: Place, *, attempt: int, priority: str) -> Object | None:
    """Return the PodGroup of one attempt, None where no scheduler wants one."""
    kind = scheduler(node, place)
    if kind is None:
        return None
    said = {
        "minMember": node.tasks,
        "queue": place.spec.scheduling.gang.queue or kind.default_queue,
        "priorityClassName": priority if kind.has_priority else "",
    }
    return {
        "apiVersion": kind.api_version,
        "kind": naming.POD_GROUP,
        "metadata": place.metadata(place.job_name(node, attempt), node, attempt),
        "spec": {name: value for name, value in said.items() if value},
    }


def job_annotations(node: Node, place: Place) -> dict[str, str]:
    """Return what the Job itself says to a scheduler that looks at Jobs."""
    is_kai = scheduler(node, place) is SCHEDULERS["KAI"]
    return {OWN_GROUP_OF_KAI: "true", SIZE_FOR_KAI: str(node.tasks)} if is_kai else {}
