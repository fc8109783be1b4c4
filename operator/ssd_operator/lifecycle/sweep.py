"""The status of a sweep from what is seen of its cells; pure, and the same however often it is asked for.

A row moves when its cell is made, stops, goes on or ends, and not with the stages of the cell. So a sweep writes about
two statuses for each cell, where the cell itself writes some dozens.
"""

from __future__ import annotations

from collections.abc import Sequence

from ssd_operator.lifecycle import conditions, reasons
from ssd_operator.lifecycle.best_cell import best_cell
from ssd_operator.lifecycle.cells import ENDED, CellView, SweepInputs, WantedCell, due, gave_up
from ssd_operator.lifecycle.conditions import ConditionUpdate
from ssd_operator.lifecycle.inputs import stamp
from ssd_operator.lifecycle.judgement import is_undecided, judged
from ssd_operator.lifecycle.reasons import Reason
from ssd_operator.lifecycle.rounds import skipped
from ssd_operator.lifecycle.sweep_hours import gpu_hours_of
from ssd_operator.spec import condition_types
from ssd_operator.spec.sweep_status import CellStatus, JudgementStatus, SweepStatus

__all__ = ["advance_sweep"]

LONGEST_LABEL = 128
LONGEST_MESSAGE = 200
NAMED_FAILURES = 3


def advance_sweep(was: SweepStatus, inputs: SweepInputs) -> SweepStatus:
    """Return the status that follows from the old one and these inputs."""
    seen = _seen(was, inputs)
    chosen = due(seen, inputs)
    rows = tuple(_begun(row) if row.name in chosen and not _is_kept_back(row, inputs) else row for row in seen)
    return _conclude(was, rows, inputs)


def _seen(was: SweepStatus, inputs: SweepInputs) -> tuple[CellStatus, ...]:
    """Return the rows as the cells are now; without a plan those that were there before."""
    before = {row.name: row for row in was.cells}
    needed = _needed(was, inputs)
    if inputs.problem:
        return tuple(_row(row, inputs, needed) for row in was.cells)
    planned = (
        before.get(each.name, CellStatus(name=each.name, phase="Pending")).model_copy(update={"cell": _label(each)})
        for each in inputs.wanted.values()
    )
    rows: dict[str, CellStatus] = {}
    for row in planned:
        rows[row.name] = skipped(_row(row, inputs, needed), rows, inputs)
    return tuple(rows.values())


def _needed(was: SweepStatus, inputs: SweepInputs) -> frozenset[str]:
    """Return the cells whose resources are needed though their work is done: to be judged, or to go on from."""
    undecided = {was.judgement.name} if was.judgement is not None and is_undecided(was.judgement) else set()
    unmade = {row.name for row in was.cells if row.phase not in ENDED and row.name not in inputs.cells}
    rounds = [inputs.wanted[name] for name in unmade | undecided if name in inputs.wanted]
    return frozenset(undecided.union(*({each.after, each.first} for each in rounds)))


def _label(cell: WantedCell) -> str:
    """Return what a person calls a cell."""
    replicate = f", replicate {cell.replicate}" if cell.replicate > 1 else ""
    return f"{cell.origin[: LONGEST_LABEL - len(replicate)]}{replicate}"


def _row(was: CellStatus, inputs: SweepInputs, needed: frozenset[str]) -> CellStatus:
    """Return the row of one cell. What succeeded stays so when its resource is gone: its artifacts are there.

    Needed are the selected cell until the gate has decided, and a round until the next one is made.
    """
    view = inputs.cells.get(was.name)
    refusal = inputs.refusals.get(was.name, "")
    if view is None:
        kept = was.phase == "Succeeded" and was.name not in needed
        return was if kept else was.model_copy(update={"phase": "Pending", "message": refusal[:LONGEST_MESSAGE]})
    message = refusal or (view.message if view.phase == "Failed" else "")
    choice = view.choices.get(f"select-candidate-{inputs.benchmark}") if view.phase == "Succeeded" else None
    found = {"select": choice.value, "problems": choice.problems} if choice else {"select": "", "problems": 0}
    base = view.choices.get(f"select-base-{inputs.benchmark}") if view.phase == "Succeeded" and inputs.rounds else None
    found["before"] = base.value if base else ""
    return was.model_copy(update={"phase": _phase(view), "message": message[:LONGEST_MESSAGE], **found})


def _phase(view: CellView) -> str:
    if view.has_ended:
        return view.phase
    if view.deleting:
        return "Pending"
    return "Suspended" if view.suspended else "Running"


def _is_kept_back(row: CellStatus, inputs: SweepInputs) -> bool:
    """Tell whether a row stays as it is though its cell is due: it was refused before, or has ended already."""
    return row.name in inputs.refusals or row.phase in ENDED


def _begun(row: CellStatus) -> CellStatus:
    return row.model_copy(update={"phase": "Running", "message": ""})


def _conclude(was: SweepStatus, rows: tuple[CellStatus, ...], inputs: SweepInputs) -> SweepStatus:
    """Return the status with conditions and the columns that people see."""
    ended = sum(row.phase in ENDED for row in rows)
    judgement = judged(was, rows, inputs)
    updates = _updates(rows, inputs, judgement)
    over = any(update.holds for update in updates if update.kind in condition_types.ENDS)
    at_work = any(row.phase == "Running" for row in rows)
    begun = any(row.phase != "Pending" for row in rows)
    update = {
        "observed_generation": inputs.generation,
        "cells": rows,
        "progress": f"{ended}/{len(rows)}",
        "judgement": judgement,
        "best": was.best if inputs.problem else best_cell(rows, inputs, was.best),
        "failed": sum(row.phase == "Failed" for row in rows),
        "gpu_hours": gpu_hours_of(was.gpu_hours, inputs),
        "conditions": conditions.merge(was, updates, now=inputs.now, generation=inputs.generation),
        "start_time": was.start_time or (stamp(inputs.now) if begun else None),
        "completion_time": (was.completion_time or stamp(inputs.now)) if over and not at_work else None,
    }
    moved = was.model_copy(update=update)
    return moved.model_copy(update={"phase": conditions.phase(moved, begun=begun)})


def _updates(
    rows: Sequence[CellStatus], inputs: SweepInputs, judgement: JudgementStatus | None
) -> list[ConditionUpdate]:
    """Return what the five conditions say."""
    failure = _failure(rows, inputs)
    over = bool(rows) and all(row.phase in ENDED for row in rows) and not inputs.problem
    judging = is_undecided(judgement) and not _is_lost(judgement, rows)
    succeeded = over and not failure and not judging
    asked = reasons.ASKED if inputs.suspended else reasons.NOT_ASKED
    end = reasons.FINISHED if succeeded else reasons.NOT_FINISHED
    return [
        _planned(inputs),
        _judging(judgement)
        if over and judging and not inputs.suspended
        else _progressing(rows, inputs, failure, succeeded=succeeded),
        ConditionUpdate(condition_types.SUSPENDED, inputs.suspended, asked, _suspended(inputs)),
        ConditionUpdate(condition_types.SUCCEEDED, succeeded, end, _count(rows) if succeeded else ""),
        ConditionUpdate(
            condition_types.FAILED, bool(failure), reasons.CELLS_FAILED if failure else reasons.NOT_FAILED, failure
        ),
    ]


def _is_lost(judgement: JudgementStatus | None, rows: Sequence[CellStatus]) -> bool:
    """Tell whether the selected cell failed, so that the gate will say nothing."""
    return judgement is not None and any(row.name == judgement.name and row.phase == "Failed" for row in rows)


def _judging(judgement: JudgementStatus | None) -> ConditionUpdate:
    """Say which cell is judged."""
    name = "" if judgement is None else judgement.name
    return ConditionUpdate(condition_types.PROGRESSING, True, reasons.JUDGING, f"{name} is judged")


def _planned(inputs: SweepInputs) -> ConditionUpdate:
    reason = reasons.INVALID_SWEEP if inputs.problem else reasons.CELLS_VALID
    return ConditionUpdate(condition_types.PLANNED, not inputs.problem, reason, inputs.problem)


def _suspended(inputs: SweepInputs) -> str:
    return "set spec.suspend to false to go on" if inputs.suspended else ""


def _failure(rows: Sequence[CellStatus], inputs: SweepInputs) -> str:
    """Return why the sweep failed; empty where it did not."""
    lost = [row.name for row in rows if row.phase == "Failed"]
    more = f" and {len(lost) - NAMED_FAILURES} more" if len(lost) > NAMED_FAILURES else ""
    named = ", ".join(lost[:NAMED_FAILURES]) + more
    if gave_up(rows, inputs):
        return (
            f"{len(lost)} cell{'s' if len(lost) > 1 else ''} failed ({named}), more than spec.maxFailed allows "
            f"({inputs.max_failed}): no more are begun; look at them, then raise spec.maxFailed "
            "to go on"
        )
    if lost and all(row.phase in ("Failed", "Skipped") for row in rows):
        return f"every cell failed: {named}; look at them with kubectl describe sd"
    return ""


def _progressing(rows: Sequence[CellStatus], inputs: SweepInputs, failure: str, *, succeeded: bool) -> ConditionUpdate:
    """Say that cells run, or what is waited for."""
    if succeeded or failure:
        return _rests(reasons.FINISHED if succeeded else reasons.CELLS_FAILED, failure)
    at_work = any(row.phase == "Running" for row in rows)
    if inputs.problem and not at_work:
        return _rests(reasons.INVALID_SWEEP, inputs.problem)
    if inputs.planning:
        return _rests(reasons.PLANNED, "set spec.mode to Run to start it")
    if inputs.suspended:
        return _rests(reasons.SUSPENDED, _suspended(inputs))
    return ConditionUpdate(condition_types.PROGRESSING, True, reasons.CELLS_RUNNING) if at_work else _waiting(rows)


def _waiting(rows: Sequence[CellStatus]) -> ConditionUpdate:
    """Say why no cell is at work."""
    refused = next((row for row in rows if row.message and row.phase == "Pending"), None)
    if refused is not None:
        return _rests(reasons.CELL_REFUSED, f"{refused.name}: {refused.message}")
    message = "every cell that is left is suspended by itself: set its spec.suspend to false"
    return _rests(reasons.CELLS_SUSPENDED, message)


def _rests(reason: Reason, message: str) -> ConditionUpdate:
    return ConditionUpdate(condition_types.PROGRESSING, False, reason, message)


def _count(rows: Sequence[CellStatus]) -> str:
    good = sum(row.phase == "Succeeded" for row in rows)
    return f"{good} of {len(rows)} cells succeeded"
