"""The rounds of a sweep: which of them no longer follow, and what those that do start from.

Both follow from the rows and from what is seen of the cells, so whoever is asked after a crash gives the same answer.
"""

from __future__ import annotations

from collections.abc import Mapping

from ssd_operator.lifecycle.cells import CellView, SweepInputs
from ssd_operator.spec.rounds import RoundStart, end_of_chain
from ssd_operator.spec.sweep_status import CellStatus

__all__ = ["skipped", "start_of"]


def start_of(parent: CellView | None, first: CellView | None) -> RoundStart | None:
    """Return what a round starts from, None while one of the two is not there or has not ended well."""
    if parent is None or first is None or parent.results is None or first.results is None:
        return None
    return RoundStart(
        export=parent.results.export,
        digest=parent.results.digest,
        root_digest=first.results.model_digest,
        root_report=first.results.report,
    )


def skipped(row: CellStatus, before: Mapping[str, CellStatus], inputs: SweepInputs) -> CellStatus:
    """Return the row of a round that is not made, Skipped with the reason where it no longer follows."""
    wanted = inputs.wanted[row.name]
    if inputs.rounds is None or row.name in inputs.cells or row.phase == "Succeeded":
        return row
    reason = _reason(before[wanted.after], wanted.round - 1, inputs) if wanted.after else ""
    if reason:
        return row.model_copy(update={"phase": "Skipped", "message": reason})
    return row.model_copy(update={"phase": "Pending"}) if row.phase == "Skipped" else row


def _reason(parent: CellStatus, number: int, inputs: SweepInputs) -> str:
    """Return why no round follows this one; empty where one does, or may."""
    assert inputs.rounds is not None
    return end_of_chain(
        inputs.rounds,
        number,
        phase=parent.phase,
        message=parent.message,
        select=parent.select,
        before=parent.before,
    )
