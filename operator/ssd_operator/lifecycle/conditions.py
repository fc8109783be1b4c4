"""Conditions by the Kubernetes convention, and the phase that is derived from them.

A condition's time changes only with its status. Each says why in a word and what to do in a sentence; numbers that
move all the time are in `progress`, never here.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from ssd_operator.lifecycle.inputs import stamp
from ssd_operator.spec.status import Condition, Status

__all__ = ["Claim", "derive", "find", "holds", "merge", "phase"]

Phase = Literal["", "Pending", "Planned", "Running", "Suspended", "Succeeded", "Failed"]


class Claim:
    """What a condition should say now."""

    def __init__(self, kind: str, holds: bool, reason: str, message: str = "") -> None:
        self.kind, self.holds, self.reason, self.message = kind, holds, reason, message


def find(status: Status, kind: str) -> Condition | None:
    """Return a condition."""
    return next((each for each in status.conditions if each.type == kind), None)


def holds(status: Status, kind: str) -> bool:
    """Tell whether a condition is true."""
    found = find(status, kind)
    return found is not None and found.status == "True"


def merge(status: Status, claims: Iterable[Claim], *, now: datetime, generation: int) -> tuple[Condition, ...]:
    """Return the conditions with these claims, and the others as they were."""
    found = {each.type: each for each in status.conditions}
    for claim in claims:
        before = found.get(claim.kind, Condition(type=claim.kind, status=""))
        value = "True" if claim.holds else "False"
        update = {
            "status": value,
            "reason": claim.reason,
            "message": claim.message[:4096],
            "last_transition_time": before.last_transition_time if before.status == value else stamp(now),
            "observed_generation": generation,
        }
        found[claim.kind] = before.model_copy(update=update)
    return tuple(found.values())


def phase(status: Status) -> Phase:
    """Return the summary of the conditions."""
    if holds(status, "Failed"):
        return "Failed"
    if holds(status, "Succeeded"):
        return "Succeeded"
    if holds(status, "Suspended"):
        return "Suspended"
    progressing = find(status, "Progressing")
    if progressing is not None and progressing.reason == "Planned":
        return "Planned"
    begun = any(stage.phase not in ("Planned", "Pending") for stage in status.stages)
    return "Running" if begun else "Pending"


def derive(status: Status) -> Status:
    """Return the status with the phase that its conditions mean."""
    return status.model_copy(update={"phase": phase(status)})
