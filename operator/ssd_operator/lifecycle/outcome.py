"""What the ends of stages mean for the run as a whole: the same for both runners.

A stage that is optional may fail: it changes neither the run's end, nor the decision, nor the exit code of `ssd run`.
The report says it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar

from ssd_jobs import contract

__all__ = ["StageEnd", "decisive", "failures", "for_report", "overdue"]

LONGEST_MESSAGE = 500


class StageEnd(Protocol):
    """What both runners remember of a stage."""

    @property
    def name(self) -> str:
        """Its name in the graph."""

    @property
    def kind(self) -> str:
        """Its kind, a row of the table."""

    @property
    def phase(self) -> str:
        """Where it stands."""

    @property
    def message(self) -> str:
        """Why it stands there."""


Stage = TypeVar("Stage", bound=StageEnd)


def failures(stages: Iterable[Stage]) -> list[Stage]:
    """Return the stages that failed or were skipped, and that the run cannot do without."""
    return [stage for stage in _lost(stages) if not contract.STAGES[stage.kind].optional]


def decisive(stages: Iterable[Stage]) -> Stage | None:
    """Return the stage because of which the run failed: one that failed itself before one that was skipped."""
    lost = failures(stages)
    return next((stage for stage in lost if stage.phase == "Failed"), lost[0] if lost else None)


def for_report(stages: Iterable[Stage]) -> tuple[contract.FailedStage, ...]:
    """Return what the report must say of stages that it is written without."""
    return tuple(
        contract.FailedStage(
            name=stage.name, message=stage.message[:LONGEST_MESSAGE], optional=contract.STAGES[stage.kind].optional
        )
        for stage in _lost(stages)
        if not contract.STAGES[stage.kind].runs_after_failures
    )


def overdue(deadline: str) -> str:
    """Return the message of a stage that the deadline ends."""
    return f"not finished within the deadline of {deadline}"


def _lost(stages: Iterable[Stage]) -> list[Stage]:
    return [stage for stage in stages if stage.phase in ("Failed", "Skipped")]
