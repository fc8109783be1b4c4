"""The changes of a status that nothing hangs on: they may share a write with the next one."""

from __future__ import annotations

from ssd_operator.lifecycle.conditions import holds
from ssd_operator.spec import condition_types
from ssd_operator.spec.status import StageStatus, Status

__all__ = ["is_quiet"]


def is_quiet(was: Status, now: Status) -> bool:
    """Tell whether the same attempts are at work in both: only where their Jobs stand, and how far, may differ.

    Such a change is found again by whoever looks next, also after a crash, as long as its Job is there.
    """
    return _decided(was) == _decided(now)


def _decided(status: Status) -> tuple[object, ...]:
    """Return what was decided, as opposed to what was seen."""
    stages = tuple(map(_decided_of_stage, status.stages))
    ends = (status.start_time, status.suspended_seconds, status.completion_time, status.deadline)
    answers = (status.observed_generation, status.resolved_spec, status.claim_uid, status.reruns, status.promotion)
    suspended = holds(status, condition_types.SUSPENDED)
    return (stages, *ends, *answers, suspended)


def _decided_of_stage(stage: StageStatus) -> tuple[object, ...]:
    phase = "at work" if stage.phase in ("Pending", "Running") else stage.phase
    jobs = tuple(job.name for job in stage.jobs)
    return (stage.name, phase, stage.key, stage.attempt, stage.failures, stage.retry_time, jobs)
