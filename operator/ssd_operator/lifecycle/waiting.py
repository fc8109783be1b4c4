"""The reason why a stage does not run: in the words of whoever keeps it from running, with what to do.

A Job keeps the pods that it was made with. Where those must change, the remedy ends with its deletion: the next one is
made as the resource and the installation are then, and goes on from what the stage has written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ssd_jobs.contract import ExitCode
from ssd_operator import naming
from ssd_operator.lifecycle import reasons
from ssd_operator.lifecycle.inputs import Inputs, JobView, PodView, moment
from ssd_operator.lifecycle.quoting import quoted
from ssd_operator.lifecycle.reasons import Reason

__all__ = ["WaitReason", "is_homeless", "is_kept", "is_lost", "is_podless", "stuck_at", "wait_reason"]

PODLESS = timedelta(seconds=30)
"""A Job without a pod for so long has been refused one; nothing but its events says by whom."""
SLOW = timedelta(minutes=5)
"""A container that is not created for so long has a volume or a network that does not come, or a large image."""
LOST = timedelta(minutes=1)
"""A pod that is still there so long after it must have ended has a node that nobody hears of."""

KEPT = timedelta(minutes=2)
"""A native sidecar ends within its grace period after the worker; another one does not end by itself."""

LONGEST_POD_WORDS = 600
"""Characters of another's words: there must be room for what helps."""

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


def is_homeless(pod: PodView) -> bool:
    """Tell whether a pod has no node because none has room for it."""
    return pod.phase == "Pending" and bool(pod.unschedulable)


def stuck_at(job: JobView, pods: Sequence[PodView]) -> Iterator[datetime]:
    """Yield the moments at which a slow start counts as stuck."""
    each = (found for pod in pods for found in (_slow_at(pod), _lost_at(pod), _kept_at(pod)))
    yield from filter(None, (_podless_at(job, pods), *each))


def _slow_at(pod: PodView) -> datetime | None:
    """Return when a pod that starts should have started."""
    starts = pod.phase == "Pending" and pod.waiting in ORDINARY and pod.started_at
    return moment(pod.started_at) + SLOW if starts else None


def is_kept(pod: PodView, now: datetime) -> bool:
    """Tell whether a pod whose worker is over is kept by another container."""
    kept = _kept_at(pod)
    return kept is not None and now >= kept


def _kept_at(pod: PodView) -> datetime | None:
    """Return when a pod whose worker is over should be over, too."""
    return moment(pod.worker_ended_at) + KEPT if pod.phase == "Running" and pod.worker_ended_at else None


def _kept_message(pod: PodView) -> str:
    return (
        f"pod {pod.name} is kept by another container, though its worker ended at {pod.worker_ended_at}: let a mesh "
        f"inject native sidecars or none, or name the annotation {naming.ANNOTATION_SIDECAR} in spec.pod.annotations; "
        f"kubectl delete pod {pod.name} lets the stage go on"
    )


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


def is_podless(job: JobView, pods: Sequence[PodView], now: datetime) -> bool:
    """Tell whether a Job has been without a pod for so long that it has been refused one."""
    due = _podless_at(job, pods)
    return due is not None and now >= due


def wait_reason(job: JobView, inputs: Inputs) -> WaitReason | None:
    """Return what a Job waits for, or None when nothing is in its way."""
    pods, now = inputs.pods.get(job.name, ()), inputs.now
    if job.queue and job.suspended:
        queued = inputs.queued.get(job.name, "")
        message = f"waits in queue {job.queue} for admission"
        return WaitReason(reasons.QUEUED, f"{message}, {queued}" if queued else message)
    over = next((found for pod in pods if (found := _over(pod, now))), None)
    if over is not None:
        return over
    if is_podless(job, pods, now):
        return WaitReason(reasons.NO_PODS, _podless_message(job, inputs.podless.get(job.name, "")))
    pending = [pod for pod in pods if pod.phase == "Pending"]
    waits = [reason for pod in pending if (reason := _pod(pod, job, inputs))]
    if waits:
        return waits[0]
    later = [pod for pod in pods if pod.exit_code == ExitCode.TEMPORARY]
    if later and not any(pod.phase == "Running" for pod in pods):
        last = max(later, key=lambda pod: pod.version)
        message = last.message.strip() or "exit code 75"
        return WaitReason(reasons.TEMPORARY, f"tries again by itself, pod {last.name} said: {message}")
    return None


def _over(pod: PodView, now: datetime) -> WaitReason | None:
    """Return why a pod is still there that should be over."""
    if is_lost(pod, now):
        return WaitReason(reasons.POD_LOST, _lost_message(pod))
    return WaitReason(reasons.SIDECAR_RUNS, _kept_message(pod)) if is_kept(pod, now) else None


def _podless_message(job: JobView, refusal: str) -> str:
    """Say who refuses a Job its pods, as far as the Job's events are known."""
    if not refusal:
        message = f"Job {job.name} gets no pods: kubectl describe job {job.name} says why"
        return f"{message}, such as a quota, Pod Security or a webhook"
    remedy = f"allow them, or ask for something else in this stage's pod and then kubectl delete job {job.name}"
    return f"Job {job.name} gets no pods: {quoted(refusal, LONGEST_POD_WORDS)}; {remedy}"


def _lost_message(pod: PodView) -> str:
    return (
        f"pod {pod.name} must have ended by {pod.ends_at}, and node {pod.node} does not say so: if that node is gone "
        f"for good, kubectl delete node {pod.node} lets the stage go on, and so does, for a node that will be back, "
        f"kubectl taint nodes {pod.node} node.kubernetes.io/out-of-service=nodeshutdown:NoExecute"
    )


def _pod(pod: PodView, job: JobView, inputs: Inputs) -> WaitReason | None:
    words = quoted(pod.waiting_message or pod.waiting, LONGEST_POD_WORDS)
    if pod.unschedulable:
        return _without_node(pod, job, inputs)
    if pod.waiting in IMAGE:
        remedy = "push it, or correct image.prefix and image.tag of the chart or spec.pod.imagePullSecrets"
        message = f"pod {pod.name} gets no image: {words}; {remedy} and then kubectl delete job {job.name}"
        return WaitReason(reasons.IMAGE_PULL, message)
    if pod.waiting in CONFIG:
        remedy = f"make it in namespace {pod.namespace}, and the pod starts by itself"
        return WaitReason(reasons.POD_CONFIG, f"pod {pod.name} cannot start: {words}; {remedy}")
    if pod.waiting not in ORDINARY:
        return WaitReason(reasons.POD_WAITING, f"pod {pod.name} waits: {words}; see kubectl describe pod {pod.name}")
    slow = _slow_at(pod)
    if slow is not None and inputs.now >= slow:
        message = f"pod {pod.name} has a node and does not start: kubectl describe pod {pod.name} says why"
        return WaitReason(reasons.POD_SLOW, f"{message}, such as a volume that cannot be mounted, or a large image")
    return None


def _without_node(pod: PodView, job: JobView, inputs: Inputs) -> WaitReason:
    """Return what a pod without a node waits for: one that is being made, or room on those that are there."""
    scaling = inputs.scaling.get(pod.name, "")
    if scaling:
        return WaitReason(
            reasons.SCALING_UP, f"pod {pod.name} waits for a new node: {quoted(scaling, LONGEST_POD_WORDS)}"
        )
    return WaitReason(reasons.UNSCHEDULABLE, _unschedulable(pod, job, inputs.pods[job.name]))


def _unschedulable(pod: PodView, job: JobView, pods: Sequence[PodView]) -> str:
    """Say what the scheduler says, and for how many of the Job's pods it is so."""
    placed = sum(not each.unschedulable for each in pods)
    others = f", {placed} of {job.completions} pods have one" if job.completions > 1 else ""
    remedy = f"make room, or ask for less in this stage's pod and then kubectl delete job {job.name}"
    return f"pod {pod.name} has no node{others}: {quoted(pod.unschedulable, LONGEST_POD_WORDS)}; {remedy}"
