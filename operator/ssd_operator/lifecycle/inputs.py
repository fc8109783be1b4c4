"""The inputs of a decision: all that, besides the old status, the new one is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from ssd_operator.lifecycle.outcome import overdue
from ssd_operator.manifests import Place
from ssd_operator.plan import Node
from ssd_operator.spec import scalars
from ssd_operator.spec.status import ProgressStatus, Status

__all__ = ["Inputs", "JobView", "Owner", "PodView", "RehearsedPod", "moment", "stamp"]


@dataclass(frozen=True, slots=True)
class Owner:
    """A resource that wants a Job."""

    kind: str
    uid: str
    name: str


@dataclass(frozen=True, slots=True)
class JobView:
    """One Job of ours."""

    namespace: str
    name: str
    uid: str
    version: int
    """The resource version: a larger one is newer."""
    key: str
    owners: tuple[Owner, ...]
    queue: str
    """The queue that decides when it runs; empty: we do."""
    suspended: bool
    deleting: bool
    active: int
    succeeded: int
    completions: int
    failed_indexes: str
    end: str
    """Complete, Failed, or empty while it lives."""
    reason: str
    message: str
    ended_at: str
    started_at: str = ""
    """Since when its pods are wanted; a resumed Job starts again."""


@dataclass(frozen=True, slots=True)
class PodView:
    """One pod of a Job of ours."""

    namespace: str
    name: str
    uid: str
    version: int
    job: str
    index: int
    phase: str
    disrupted: bool
    exit_code: int | None
    end_reason: str
    message: str
    """What the worker left for us, and its last words when it failed."""
    waiting: str
    waiting_message: str
    unschedulable: str
    ip: str
    started_at: str = ""
    """Since when a node works on it."""
    node: str = ""
    placed_at: str = ""
    """Since when it has its node, or is known to have none."""
    worker_ended_at: str = ""
    """Since when the worker's container is over, whatever else is in the pod."""
    ends_at: str = ""
    """When a pod that is being deleted must have ended; empty while nobody deletes it."""

    @property
    def at_work(self) -> bool:
        """Tell whether it had not ended."""
        return self.phase in ("Pending", "Running")


@dataclass(frozen=True, slots=True)
class RehearsedPod:
    """What the API server says of a pod that it was shown in a dry run."""

    refusal: str = ""
    """Its words, empty where it takes the pod."""
    resources: tuple[Mapping[str, Mapping[str, str]], ...] = ()
    """Of each container as it would be, with the defaults of a LimitRange."""


@dataclass(frozen=True)
class Inputs:
    """One resource and its Jobs, at one moment."""

    name: str
    uid: str
    generation: int
    place: Place
    """Where it runs, with the spec that is in force."""
    now: datetime
    suspended: bool
    planning: bool
    """The mode is Plan: nothing may be started."""
    sweep_uid: str = ""
    """Of the sweep whose cell it is, empty where it is none."""
    problem: str = ""
    """What is wrong with the newest spec; the run goes on with the last good one."""
    jobs: Mapping[str, JobView] = field(default_factory=dict)
    """Every Job of this resource, and any other that has one of the names it would use."""
    pods: Mapping[str, tuple[PodView, ...]] = field(default_factory=dict)
    """Job -> its pods."""
    absent: frozenset[str] = frozenset()
    """Jobs that stood once, and that the API server said do not exist, asked just now."""
    made: Mapping[str, str] = field(default_factory=dict)
    """Job -> uid: those that stand complete, with config and Service, as this process knows."""
    refusals: Mapping[str, str] = field(default_factory=dict)
    """Job -> why the API server does not let us make it, or what its pods need."""
    wanted: Mapping[str, str] = field(default_factory=dict)
    """Job -> another resource that wants it to go on."""
    queued: Mapping[str, str] = field(default_factory=dict)
    """Job -> why it waits, in its queue's words."""
    podless: Mapping[str, str] = field(default_factory=dict)
    """Job -> why it gets no pods, in the words of whoever refuses them."""
    scaling: Mapping[str, str] = field(default_factory=dict)
    """Pod -> how the cluster makes a node for it, in the words of its autoscaler."""
    progress: Mapping[str, ProgressStatus] = field(default_factory=dict)
    """Stage -> how far it is, as its workers count."""
    collecting: str = ""
    """Job that removes from the claim what nothing names, empty while there is none."""
    recorded: frozenset[str] = frozenset()
    """Keys of which another resource on this claim has recorded a result."""
    quotas: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """ResourceQuota -> what the namespace may have at most; asked for a plan."""
    rehearsed: Mapping[str, RehearsedPod] | None = None
    """Stage -> what the API server says of its pod, for a plan; None where it may not be asked."""

    @property
    def overdue(self) -> str:
        """The message of a stage that the deadline ends."""
        return overdue(self.place.spec.deadline)

    def deadline(self, status: Status) -> datetime | None:
        """Return when the run is given up, as things stand; None before its first Job."""
        if status.start_time is None:
            return None
        allowed = scalars.seconds(self.place.spec.deadline) + status.suspended_seconds
        return moment(status.start_time) + timedelta(seconds=allowed)

    def job_name(self, node: Node, attempt: int) -> str:
        """Return the Job of one attempt at a stage."""
        return self.place.job_name(node, attempt)

    def owned(self) -> list[JobView]:
        """Return the Jobs that name this resource as an owner."""
        return [job for job in self.jobs.values() if any(owner.uid == self.uid for owner in job.owners)]


def stamp(moment: datetime) -> str:
    """Return a moment as Kubernetes writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(text: str) -> datetime:
    """Return the moment that Kubernetes wrote."""
    return datetime.fromisoformat(text)
