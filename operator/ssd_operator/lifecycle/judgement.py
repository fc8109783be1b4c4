"""The judgement of a sweep: once every cell has ended, the gate judges the one that was selected, and no other ever.

The promotion is laid over that cell's spec, as a person would write it there after the run's end: its report is made
again and judges on report problems, with the number of cells on record.
"""

from __future__ import annotations

from collections.abc import Sequence

from ssd_operator.lifecycle.best_cell import best_cell
from ssd_operator.lifecycle.cells import ENDED, SweepInputs, gave_up
from ssd_operator.spec.sweep_status import CellStatus, JudgementStatus, SweepStatus

__all__ = ["is_undecided", "judged"]

LONGEST_REASON = 256


def is_undecided(judgement: JudgementStatus | None) -> bool:
    """Tell whether a cell was selected and the gate has not said anything of it."""
    return judgement is not None and not judgement.decision


def judged(was: SweepStatus, rows: Sequence[CellStatus], inputs: SweepInputs) -> JudgementStatus | None:
    """Return which cell was selected, and what the gate says of it."""
    known = was.judgement
    if inputs.problem or (known is not None and known.decision):
        return known
    if known is None or known.name not in inputs.wanted:
        return _selected(rows, inputs)
    view = inputs.cells.get(known.name)
    if view is None or view.promotion is None or view.spec != inputs.wanted[known.name].digest:
        return known
    reasons = tuple(reason[:LONGEST_REASON] for reason in view.promotion.reasons)
    return known.model_copy(update={"decision": view.promotion.decision, "reasons": reasons})


def _selected(rows: Sequence[CellStatus], inputs: SweepInputs) -> JudgementStatus | None:
    """Return the best cell, once no other can become the best."""
    stopped = inputs.suspended or inputs.planning or gave_up(rows, inputs)
    if not inputs.promotes or stopped or any(row.phase not in ENDED for row in rows):
        return None
    best = best_cell(rows, inputs)
    runs = sum(bool(row.select) for row in rows)
    return None if best is None else JudgementStatus(cell=best.cell, name=best.name, of=runs)
