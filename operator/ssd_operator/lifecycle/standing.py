"""Where a run stands, in the few facts that are counted over all runs: what the operator's metrics are made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ssd_operator.lifecycle import reasons
from ssd_operator.lifecycle.conditions import find
from ssd_operator.lifecycle.inputs import moment
from ssd_operator.spec import condition_types
from ssd_operator.spec.status import Status

__all__ = ["WAITED_FOR", "Standing", "standing"]

WAITED_FOR = frozenset(each.word for each in reasons.CONDITION_REASONS if each.is_event)
NEAR = 0.1
"""The last part of the time that a run has."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One run."""

    phase: str
    reason: str = ""
    """What keeps it from going on; empty while nothing does, or while somebody wants it so."""
    since: datetime | None = None
    """Since when it does not go on."""
    start: datetime | None = None
    deadline: datetime | None = None

    def waits_s(self, now: datetime) -> float:
        """Return for how long it has not gone on."""
        return max((now - self.since).total_seconds(), 0.0) if self.since is not None else 0.0

    def is_near_deadline(self, now: datetime) -> bool:
        """Tell whether less than a tenth of its time is left."""
        if self.start is None or self.deadline is None:
            return False
        return self.deadline - now < max(self.deadline - self.start, timedelta()) * NEAR


def standing(status: Status) -> Standing:
    """Return where a run stands."""
    found = find(status, condition_types.PROGRESSING)
    waits = found is not None and found.status == "False" and found.reason in WAITED_FOR
    return Standing(
        phase=status.phase,
        reason=found.reason if found is not None and waits else "",
        since=_moment(found.last_transition_time) if found is not None and waits else None,
        start=_moment(status.start_time),
        deadline=_moment(status.deadline),
    )


def _moment(text: str | None) -> datetime | None:
    return moment(text) if text else None
