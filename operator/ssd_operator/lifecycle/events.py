"""The events of a run: the difference of two statuses, for people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ssd_operator.lifecycle import reasons
from ssd_operator.lifecycle.conditions import HasConditions, find, holds
from ssd_operator.lifecycle.reasons import EventReason
from ssd_operator.lifecycle.standing import WAITED_FOR
from ssd_operator.spec import condition_types
from ssd_operator.spec.status import StageStatus, Status
from ssd_operator.spec.sweep_status import SweepStatus

__all__ = ["Event", "events_between", "events_of_sweep"]

STAGE_REASONS = {
    "Succeeded": reasons.STAGE_SUCCEEDED,
    "Failed": reasons.STAGE_GAVE_UP,
    "Skipped": reasons.STAGE_SKIPPED,
    "Suspended": reasons.STAGE_SUSPENDED,
}
RUN_REASONS = {
    condition_types.SUCCEEDED: reasons.RUN_SUCCEEDED,
    condition_types.FAILED: reasons.RUN_FAILED,
    condition_types.SUSPENDED: reasons.RUN_SUSPENDED,
}
DECISIONS = {"Promoted": reasons.PROMOTED, "Held": reasons.HELD}


@dataclass(frozen=True)
class Event:
    """One event, before it is written."""

    reason: EventReason
    note: str


def events_between(was: Status, now: Status) -> list[Event]:
    """Return what happened between two statuses."""
    before = {each.name: each for each in was.stages}
    stages = [event for stage in now.stages for event in _of_stage(before.get(stage.name), stage)]
    return [*stages, *_of_promotion(was, now), *_of_conditions(was, now)]


def events_of_sweep(was: SweepStatus, now: SweepStatus) -> list[Event]:
    """Return what happened between two statuses of a sweep."""
    failed = {row.name for row in was.cells if row.phase == "Failed"}
    cells = [row for row in now.cells if row.phase == "Failed" and row.name not in failed]
    lost = [Event(reasons.CELL_FAILED, f"{row.name}: {row.message}") for row in cells]
    return [*lost, *_of_judgement(was, now), *_of_conditions(was, now)]


def _of_stage(was: StageStatus | None, now: StageStatus) -> Iterator[Event]:
    before = was or StageStatus(name=now.name, kind=now.kind, phase="Planned")
    if now.phase == "Pending" and now.attempt > max(before.attempt, 1):
        yield Event(reasons.STAGE_RETRIED, f"{now.name}, attempt {now.attempt}: {now.message}")
    if _job_uid(now) not in ("", _job_uid(before)):
        yield Event(reasons.STAGE_STARTED, f"{now.name}: Job {now.jobs[0].name}")
    if now.phase != before.phase and now.phase in STAGE_REASONS:
        yield Event(STAGE_REASONS[now.phase], f"{now.name}{': ' if now.message else ''}{now.message}")


def _job_uid(stage: StageStatus) -> str:
    """Return the uid of a stage's Job; empty while there is only the intent to make one."""
    return stage.jobs[0].uid if stage.jobs else ""


def _of_promotion(was: Status, now: Status) -> Iterator[Event]:
    decided = now.promotion
    if decided is not None and decided != was.promotion and decided.decision in DECISIONS:
        version = f"version {decided.model_version}: " if decided.model_version else ""
        yield Event(DECISIONS[decided.decision], f"{version}{'; '.join(decided.reasons)}")


def _of_judgement(was: SweepStatus, now: SweepStatus) -> Iterator[Event]:
    decided = now.judgement
    if decided is not None and decided != was.judgement and decided.decision in DECISIONS:
        yield Event(DECISIONS[decided.decision], f"{decided.name}: {'; '.join(decided.reasons)}")


def _of_conditions(was: HasConditions, now: HasConditions) -> Iterator[Event]:
    for kind, reason in RUN_REASONS.items():
        condition = find(now, kind)
        if condition is not None and condition.status == "True" and not holds(was, kind):
            yield Event(reason, condition.message or f"the run is {reason.word.lower()}")
    for kind in (condition_types.ACCEPTED, condition_types.PLANNED):
        accepted = find(now, kind)
        if accepted is not None and accepted.status == "False" and accepted != find(was, kind):
            yield Event(reasons.RUN_NOT_ACCEPTED, accepted.message)
    progressing = find(now, condition_types.PROGRESSING)
    before = find(was, condition_types.PROGRESSING)
    begins = progressing is not None and (before is None or before.reason != progressing.reason)
    if progressing is not None and begins and progressing.reason in WAITED_FOR:
        yield Event(reasons.RUN_WAITING, f"{progressing.reason}: {progressing.message}")
