"""The reason why a stage does not run: in the words of whoever keeps it from running, with what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ssd_jobs.contract import ExitCode
from ssd_operator.lifecycle import reasons
from ssd_operator.lifecycle.inputs import JobView, PodView, moment
from ssd_operator.lifecycle.reasons import Reason

__all__ = ["WaitReason", "is_lost", "stuck_at", "wait_reason"]

PODLESS = timedelta(seconds=30)
"""A Job without a pod for so long has been refused one; nothing but its events says by whom."""
SLOW = timedelta(minutes=5)
"""A container that is not created for so long has a volume or a network that does not come, or a large image."""
LOST = timedelta(minutes=1)
"""A pod that is still there so long after it must have ended has a node that nobody hears of."""

IMAGE = frozenset({"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"})
CONFIG = frozenset({"CreateContainerConfigError", "CreateContainerError", "RunContainerError"})
ORDINARY = frozenset({"", "ContainerCreating", "PodInitializing"})


@dataclass(frozen=True)
class WaitReason:
    """What a Job waits for: a reason for programs and a sentence for people."""

    reason: Reason
    message: str

    def __post_init__(self) -> None:
        """Keep within what a status holds."""
        object.__setattr__(self, "message", self.message[:1000])


def stuck_at(job: JobView, pods: Sequence[PodView]) -> Iterator[datetime]:
    """Yield the moments at which a slow start counts as stuck."""
    yield from filter(None, (_podless_at(job, pods), *map(_slow_at, pods), *map(_lost_at, pods)))


def _slow_at(pod: PodView) -> datetime | None:
    """Return when a pod that starts should have started."""
    starts = pod.phase == "Pending" and pod.waiting in ORDINARY and pod.started_at
    return moment(pod.started_at) + SLOW if starts else None


def is_lost(pod: PodView, now: datetime) -> bool:
    """Tell whether a pod is that of a node that is gone: only its kubelet, or a person, can say that it has ended."""
    lost = _lost_at(pod)
    return lost is not None and now >= lost


def _lost_at(pod: PodView) -> datetime | None:
    """Return when a pod that is being deleted counts as lost."""
    return moment(pod.ends_at) + LOST if pod.ends_at and pod.at_work else None


def _podless_at(job: JobView, pods: Sequence[PodView]) -> datetime | None:
    """Return when it is time to say that a Job gets no pods, or None when it has some or wants none."""
    if pods or job.active or job.succeeded or job.suspended or job.end or not job.started_at:
        return None
    return moment(job.started_at) + PODLESS


def wait_reason(job: JobView, pods: Sequence[PodView], queued: str = "", *, now: datetime) -> WaitReason | None:
    """Return what a Job waits for, or None when nothing is in its way; `queued` is what its queue says."""
    if job.queue and job.suspended:
        message = f"waits in queue {job.queue} for admission"
        return WaitReason(reasons.QUEUED, f"{message}, {queued}" if queued else message)
    lost = [pod for pod in pods if is_lost(pod, now)]
    if lost:
        return WaitReason(reasons.POD_LOST, _lost_message(lost[0]))
    podless = _podless_at(job, pods)
    if podless is not None and now >= podless:
        message = f"Job {job.name} gets no pods: kubectl describe job {job.name} says why"
        return WaitReason(reasons.NO_PODS, f"{message}, such as a quota, Pod Security or a webhook")
    pending = [pod for pod in pods if pod.phase == "Pending"]
    waits = [reason for pod in pending if (reason := _pod(pod, now))]
    if waits:
        return waits[0]
    later = [pod for pod in pods if pod.exit_code == ExitCode.TEMPORARY]
    if later and not any(pod.phase == "Running" for pod in pods):
        last = max(later, key=lambda pod: pod.version)
        message = last.message.strip() or "exit code 75"
        return WaitReason(reasons.TEMPORARY, f"tries again, pod {last.name} said: {message}")
    return None


def _lost_message(pod: PodView) -> str:
    return (
        f"pod {pod.name} must have ended by {pod.ends_at}, and node {pod.node} does not say so: if that node is gone "
        f"for good, kubectl delete node {pod.node} lets the stage go on, and so does, for a node that will be back, "
        f"kubectl taint nodes {pod.node} node.kubernetes.io/out-of-service=nodeshutdown:NoExecute"
    )


def _pod(pod: PodView, now: datetime) -> WaitReason | None:
    if pod.unschedulable:
        return WaitReason(reasons.UNSCHEDULABLE, f"pod {pod.name} has no node: {pod.unschedulable}")
    if pod.waiting in IMAGE:
        return WaitReason(reasons.IMAGE_PULL, f"pod {pod.name} gets no image: {pod.waiting_message or pod.waiting}")
    if pod.waiting in CONFIG:
        return WaitReason(reasons.POD_CONFIG, f"pod {pod.name} cannot start: {pod.waiting_message or pod.waiting}")
    if pod.waiting not in ORDINARY:
        return WaitReason(reasons.POD_WAITING, f"pod {pod.name} waits: {pod.waiting_message or pod.waiting}")
    slow = _slow_at(pod)
    if slow is not None and now >= slow:
        message = f"pod {pod.name} has a node and does not start: kubectl describe pod {pod.name} says why"
        return WaitReason(reasons.POD_SLOW, f"{message}, such as a volume that cannot be mounted, or a large image")
    return None
