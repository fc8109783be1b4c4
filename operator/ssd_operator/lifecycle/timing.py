"""When to look again though nothing happens: deadlines, time to live, back-off, progress, refusals."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from ssd_jobs import contract
from ssd_operator.lifecycle import conditions
from ssd_operator.lifecycle.conditions import HasConditions
from ssd_operator.lifecycle.gang import half_placed_until
from ssd_operator.lifecycle.inputs import Inputs, JobView, moment
from ssd_operator.lifecycle.run import is_over
from ssd_operator.lifecycle.stage import LIVE, backoff_end
from ssd_operator.lifecycle.stalling import is_asked
from ssd_operator.lifecycle.waiting import is_homeless, stuck_at
from ssd_operator.spec import condition_types, scalars
from ssd_operator.spec.status import StageStatus, Status

__all__ = ["expires", "next_look", "retry_in"]

QUEUED_S = 30
"""Nothing tells when a Job's place in its queue changes, or when an autoscaler begins to make a node."""
UNSETTLED_S = 5
"""A Job that belongs to others or goes away may change without any event that names us."""


SHORTEST_RETRY_S, LONGEST_RETRY_S = 10.0, 300.0
"""Nothing tells when a claim appears, or when a refusal would be none any more."""


def retry_in(status: HasConditions, now: datetime) -> float:
    """Return after how many seconds to try again what is missing or refused: a quarter of the time it has lasted."""
    found = conditions.find(status, condition_types.PROGRESSING)
    since = now if found is None or found.last_transition_time is None else moment(found.last_transition_time)
    return min(max((now - since).total_seconds() / 4, SHORTEST_RETRY_S), LONGEST_RETRY_S)


def expires(status: Status, inputs: Inputs) -> datetime | None:
    """Return when the resource itself is to be deleted."""
    ttl = scalars.seconds(inputs.place.spec.ttl_after_finished)
    if not ttl or status.completion_time is None or not is_over(status):
        return None
    return moment(status.completion_time) + timedelta(seconds=ttl)


def next_look(status: Status, inputs: Inputs) -> float | None:
    """Return after how many seconds to look again, or None when only an event can change anything."""
    moments = list(_moments(status, inputs))
    if not moments:
        return None
    return max((min(moments) - inputs.now).total_seconds(), 0.0) + 0.1


def _may_change_unseen(job: JobView, inputs: Inputs) -> bool:
    """Tell whether what a Job waits for may change without news: its place in a queue, a node that is being made."""
    queued = job.queue and job.suspended and inputs.place.settings.kueue
    return bool(queued) or any(map(is_homeless, inputs.pods.get(job.name, ())))


def _moments(status: Status, inputs: Inputs) -> Iterator[datetime]:
    ends = expires(status, inputs)
    if ends is not None:
        yield ends
    if is_over(status) or inputs.suspended:
        return
    deadline = inputs.deadline(status)
    if deadline is not None:
        yield deadline
    if inputs.collecting:
        yield inputs.now + timedelta(seconds=UNSETTLED_S)
    for stage in status.stages:
        if stage.phase in LIVE:
            yield from _of_stage(stage, inputs)


def _of_stage(stage: StageStatus, inputs: Inputs) -> Iterator[datetime]:
    """Yield when something about a live stage is due."""
    job = inputs.jobs.get(stage.jobs[0].name)
    if not stage.jobs[0].uid or (job is not None and job.deleting):
        yield inputs.now + timedelta(seconds=UNSETTLED_S)
    if stage.retry_time is not None:
        yield moment(stage.retry_time)
    if job is not None:
        yield from _of_job(stage, job, inputs)
    if stage.phase == "Running" and is_asked(stage) and inputs.place.settings.worker_metrics_port:
        yield inputs.now + timedelta(seconds=inputs.place.settings.progress_s)


def _of_job(stage: StageStatus, job: JobView, inputs: Inputs) -> Iterator[datetime]:
    """Yield when something about the Job of a stage is due."""
    half_placed = half_placed_until(job, inputs) if contract.STAGES[stage.kind].shape == "Gang" else None
    stuck = [*stuck_at(job, inputs.pods.get(job.name, ())), *([half_placed] if half_placed else [])]
    yield from (each for each in stuck if each > inputs.now)
    if _may_change_unseen(job, inputs):
        yield inputs.now + timedelta(seconds=QUEUED_S)
    if job.end == "Failed":
        yield backoff_end(stage, job)
