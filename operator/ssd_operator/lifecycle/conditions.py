"""Conditions by the Kubernetes convention, and the phase that is derived from them.

A condition's time changes only with its status. Each says why in a word and what to do in a sentence; numbers that
move all the time are in `progress`, never here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from ssd_operator.lifecycle import reasons
from ssd_operator.lifecycle.inputs import stamp
from ssd_operator.lifecycle.reasons import Reason
from ssd_operator.spec import condition_types
from ssd_operator.spec.answer import Condition
from ssd_operator.spec.status import Status

__all__ = ["ConditionUpdate", "HasConditions", "derive", "find", "holds", "merge", "phase"]

Phase = Literal["", "Pending", "Planned", "Invalid", "Running", "Waiting", "Suspended", "Succeeded", "Failed"]
SPECIAL: Mapping[str, Phase] = {
    reasons.PLANNED.word: "Planned",
    reasons.INVALID_SPEC.word: "Invalid",
    reasons.NO_PROGRESS.word: "Running",
}
"""Reasons of a run that does not progress, and waits for nothing."""


@dataclass(frozen=True)
class ConditionUpdate:
    """What a condition should say now."""

    kind: str
    holds: bool
    reason: Reason
    message: str = ""


class HasConditions(Protocol):
    """A status of any kind of resource."""

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """All of them."""


def find(status: HasConditions, kind: str) -> Condition | None:
    """Return a condition."""
    return next((each for each in status.conditions if each.type == kind), None)


def holds(status: HasConditions, kind: str) -> bool:
    """Tell whether a condition is true."""
    condition = find(status, kind)
    return condition is not None and condition.status == "True"


def merge(
    status: HasConditions, updates: Iterable[ConditionUpdate], *, now: datetime, generation: int
) -> tuple[Condition, ...]:
    """Return the conditions with these updates, and the others as they were."""
    conditions = {each.type: each for each in status.conditions}
    for update in updates:
        before = conditions.get(update.kind, Condition(type=update.kind, status=""))
        value = "True" if update.holds else "False"
        fields = {
            "status": value,
            "reason": update.reason.word,
            "message": update.message[:4096],
            "last_transition_time": before.last_transition_time if before.status == value else stamp(now),
            "observed_generation": generation,
        }
        conditions[update.kind] = before.model_copy(update=fields)
    return tuple(conditions.values())


def phase(status: HasConditions, *, begun: bool) -> Phase:
    """Return the summary of the conditions; of a resource that progresses, whether anything of it was begun."""
    if holds(status, condition_types.FAILED):
        return "Failed"
    if holds(status, condition_types.SUCCEEDED):
        return "Succeeded"
    if holds(status, condition_types.SUSPENDED):
        return "Suspended"
    progressing = find(status, condition_types.PROGRESSING)
    if progressing is not None and progressing.status == "False":
        return SPECIAL.get(progressing.reason, "Waiting")
    return "Running" if begun else "Pending"


def derive(status: Status) -> Status:
    """Return the status with the phase that its conditions mean."""
    begun = any(stage.phase not in ("Planned", "Pending") for stage in status.stages)
    return status.model_copy(update={"phase": phase(status, begun=begun)})
