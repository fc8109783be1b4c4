"""How pods get their place: the queue that admits their Job, and the scheduler that places a gang as a whole."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ssd_operator.spec.base import Section
from ssd_operator.spec.marks import Execution
from ssd_operator.spec.scalars import Duration, LabelValue, OptionalDnsName, OptionalDuration, OptionalLabelKey

__all__ = ["Gang", "KueueJob", "Scheduling"]


class Gang(Section):
    """How the pods of a training on several nodes get their nodes."""

    mark = Execution

    scheduler: Literal["", "Coscheduling", "Volcano", "KAI"] = ""
    """Scheduler that places all pods of a gang or none, by a PodGroup which the operator makes; empty: each pod is
    placed by itself. Its usual schedulerName is used unless the pod names another one."""
    queue: LabelValue = ""
    """Queue of Volcano or KAI; empty is their default one."""
    placement_timeout: Duration = "10m"
    """For how long pods of a gang may hold their nodes while another one gets none: then they give them back, and the
    gang is tried again later."""


class KueueJob(Section):
    """What Kueue is told of each Job, beside its queue."""

    mark = Execution

    priority_class_name: LabelValue = ""
    """WorkloadPriorityClass: order in the queue and who is preempted; the pods' priority class says nothing of that."""
    max_exec_time: OptionalDuration = ""
    """For how long an admitted Job may run before Kueue stops it, such as 12h; empty is without end."""
    required_topology: OptionalLabelKey = ""
    """Node label, such as cloud.provider.com/topology-rack, within one value of which a gang must stand."""
    preferred_topology: OptionalLabelKey = ""
    """The same as a wish."""
    min_parallelism: Annotated[int, Field(ge=0, le=1000)] = 0
    """Shards of a stage with which Kueue may admit it when the quota has no room for all; 0 waits for all."""


class Scheduling(Section):
    """How pods get their place."""

    mark = Execution

    queue: LabelValue = ""
    """Kueue LocalQueue; can change while suspended."""
    kueue: KueueJob = KueueJob()
    """What Kueue is told of each Job, beside its queue."""
    gang: Gang = Gang()
    """How the pods of a training on several nodes get their nodes."""
    priority_class_name: OptionalDnsName = ""
    """Priority class of the pods."""
    runtime_class_name: OptionalDnsName = ""
    """Runtime class of the grade pods, such as gvisor."""
