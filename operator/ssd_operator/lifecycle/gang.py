"""A gang of which some pods have a node and others get none: the GPUs of the first are held for nothing.

After a while its Job is deleted, and the next attempt comes later and later, so that two gangs which hold each half of
the nodes do not meet again at once. A pod that pulls its image or starts has its node, however long that takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from ssd_operator.lifecycle import retry
from ssd_operator.lifecycle.inputs import Inputs, JobView, PodView, moment, stamp
from ssd_operator.lifecycle.quoting import quoted
from ssd_operator.lifecycle.waiting import is_homeless
from ssd_operator.plan import Node
from ssd_operator.spec import scalars
from ssd_operator.spec.status import StageStatus

__all__ = ["gives_back", "half_placed_until", "released"]


def half_placed_until(job: JobView, inputs: Inputs) -> datetime | None:
    """Return until when a gang may hold some of its nodes without the others, None while it does not."""
    pods = inputs.pods.get(job.name, ())
    homeless = _times(pod for pod in pods if is_homeless(pod))
    placed = _times(pod for pod in pods if pod.node and pod.at_work)
    if not homeless or not placed:
        return None
    longest = scalars.seconds(inputs.place.spec.scheduling.gang.placement_timeout)
    return max(min(homeless), min(placed)) + timedelta(seconds=longest)


def gives_back(node: Node, job: JobView, inputs: Inputs) -> bool:
    """Tell whether the time is over in which a gang may hold some of its nodes."""
    until = half_placed_until(job, inputs) if node.is_gang else None
    return until is not None and inputs.now >= until


def released(node: Node, was: StageStatus, job: JobView, inputs: Inputs) -> StageStatus:
    """Return the stage whose Job is to go, with the time of the next attempt."""
    pods = inputs.pods.get(job.name, ())
    homeless = next(pod for pod in pods if is_homeless(pod))
    limit = node.most_failures(inputs.place.spec)
    follows = retry.after("Disrupted", node.row.retry, limit=limit, failures=was.failures, attempt=was.attempt)
    due = stamp(inputs.now + timedelta(seconds=follows.wait_s))
    return was.model_copy(
        update={"phase": "Pending", "retry_time": due, "message": _message(homeless, pods, job, due, inputs)}
    )


def _message(homeless: PodView, pods: Sequence[PodView], job: JobView, due: str, inputs: Inputs) -> str:
    placed = sum(bool(pod.node) for pod in pods)
    timeout = inputs.place.spec.scheduling.gang.placement_timeout
    return (
        f"tries again at {due}: only {placed} of {job.completions} pods had a node for {timeout}, and gave it back; "
        f"{homeless.name} had none: {quoted(homeless.unschedulable, 400)}; make room, ask for less in this "
        "stage's pod, or let scheduling.gang.scheduler place all or none"
    )


def _times(pods: Iterable[PodView]) -> list[datetime]:
    """Return since when pods have a node, or none."""
    return [moment(pod.placed_at) for pod in pods if pod.placed_at]
