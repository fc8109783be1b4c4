"""Why a stage does not run: in the words of whoever keeps it, with what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ssd_jobs.contract import ExitCode
from ssd_operator.status.views import JobView, PodView

__all__ = ["Why", "why"]

IMAGE = frozenset({"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"})
CONFIG = frozenset({"CreateContainerConfigError", "CreateContainerError", "RunContainerError"})
ORDINARY = frozenset({"", "ContainerCreating", "PodInitializing"})


@dataclass(frozen=True)
class Why:
    """A reason for programs and a sentence for people."""

    reason: str
    message: str

    def __post_init__(self) -> None:
        """Keep within what a status holds."""
        object.__setattr__(self, "message", self.message[:1000])


def why(job: JobView, pods: Sequence[PodView], queued: str = "") -> Why | None:
    """Return what a Job waits for, or None when nothing is in its way; `queued` is what its queue says."""
    if job.queue and job.suspended:
        return Why("Queued", f"waits in queue {job.queue} for admission" + (f", {queued}" if queued else ""))
    pending = [pod for pod in pods if pod.phase == "Pending"]
    found = [reason for pod in pending if (reason := _pod(pod))]
    if found:
        return found[0]
    later = [pod for pod in pods if pod.exit_code == ExitCode.TEMPORARY]
    if later and not any(pod.phase == "Running" for pod in pods):
        last = max(later, key=lambda pod: pod.version)
        return Why("Temporary", f"tries again, pod {last.name} said: {last.message.strip() or 'exit code 75'}")
    return None


def _pod(pod: PodView) -> Why | None:
    if pod.unschedulable:
        return Why("Unschedulable", f"pod {pod.name} has no node: {pod.unschedulable}")
    if pod.waiting in IMAGE:
        return Why("ImagePull", f"pod {pod.name} gets no image: {pod.waiting_message or pod.waiting}")
    if pod.waiting in CONFIG:
        return Why("PodConfig", f"pod {pod.name} cannot start: {pod.waiting_message or pod.waiting}")
    if pod.waiting not in ORDINARY:
        return Why("PodWaiting", f"pod {pod.name} waits: {pod.waiting_message or pod.waiting}")
    return None
