"""The plans of sweeps: their cells, made anew only when a person changed the sweep."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ssd_operator import naming
from ssd_operator.cluster import Key, StoredSweep
from ssd_operator.errors import InvalidSpec, Problem
from ssd_operator.lifecycle import CellView, WantedCell, start_of
from ssd_operator.spec import presets
from ssd_operator.spec.cells import Cell
from ssd_operator.spec.rounds import Rounds, begun
from ssd_operator.spec.sweep_resource import judged
from ssd_operator.spec.sweep_status import MOST_ROWS, JudgementStatus

__all__ = ["SweepPlan", "SweepPlans"]


@dataclass(frozen=True)
class SweepPlan:
    """What a sweep asks for, or why that cannot be carried out."""

    cells: Mapping[str, WantedCell] = field(default_factory=dict)
    """Resource -> the cell, in the order of the plan."""
    parallel: int = 0
    max_failed: int | None = None
    rounds: Rounds | None = None
    """None where cells have no rounds."""
    benchmark: str = ""
    """On whose select problems cells are compared."""
    promotion: Mapping[str, Any] | None = None
    """The template's, under the sweep's name; None where nothing is to be registered."""
    problem: str = ""

    def wanted(self, judgement: JudgementStatus | None, seen: Mapping[str, CellView]) -> Mapping[str, WantedCell]:
        """Return the cells: rounds with what they start from, and the selected one with the promotion."""
        cells = self.cells
        if self.rounds is not None:
            cells = {name: _started(cell, seen) for name, cell in cells.items()}
        selected = None if judgement is None else cells.get(judgement.name)
        if self.promotion is None or selected is None or judgement is None or not selected.is_known:
            return cells
        spec = judged(selected.spec, self.promotion, among=judgement.of)
        return {**cells, selected.name: replace(selected, spec=spec, digest=_digest(spec))}


def _started(cell: WantedCell, seen: Mapping[str, CellView]) -> WantedCell:
    """Return a round with what it starts from, where that is there."""
    start = start_of(seen.get(cell.after), seen.get(cell.first)) if cell.after else None
    if start is None:
        return cell
    spec = begun(cell.spec, cell.round, start)
    return replace(cell, spec=spec, digest=_digest(spec), is_known=True)


class SweepPlans:
    """Plans sweeps, and keeps the newest plan of each."""

    def __init__(self) -> None:
        self._plans: dict[Key, tuple[tuple[str, int], SweepPlan]] = {}
        """Sweep -> the uid and generation that the plan was made for, and the plan."""

    def plan(self, sweep: StoredSweep) -> SweepPlan:
        """Return the plan of a sweep."""
        made_for = (sweep.uid, sweep.generation)
        known = self._plans.get(sweep.key)
        if known is None or known[0] != made_for:
            known = self._plans[sweep.key] = (made_for, _plan(sweep))
        return known[1]

    def known(self) -> Collection[Key]:
        """Return the sweeps of which a plan is kept."""
        return self._plans.keys()

    def forget(self, key: Key) -> None:
        """Drop the plan of a sweep that is gone."""
        self._plans.pop(key, None)


def _plan(sweep: StoredSweep) -> SweepPlan:
    """Return the cells of a sweep, or the sentence that `ssd` prints for it as well."""
    try:
        parsed = sweep.parse()
        cells = parsed.cells()
        if len(cells) > MOST_ROWS:
            raise InvalidSpec([_too_many(len(cells))])
    except InvalidSpec as error:
        return SweepPlan(problem=str(error))
    wanted = {cell.name: _wanted(cell) for cell in cells}
    fields, promotion = parsed.fields, parsed.promotion
    return SweepPlan(
        cells=wanted,
        parallel=fields.parallel,
        max_failed=fields.max_failed,
        rounds=fields.rounds,
        benchmark=fields.select.benchmark if fields.select is not None else "",
        promotion=None if promotion is None else {"registeredModel": parsed.name, **promotion},
    )


def _too_many(count: int) -> Problem:
    words = (
        f"has {count:,} cells with their replicates, and on a cluster at most {MOST_ROWS:,} fit into the status: make "
        "several sweeps, which share on one claim whatever has the same key"
    )
    return Problem("spec", words)


def _wanted(cell: Cell) -> WantedCell:
    digest = _digest(cell.spec)
    name = cell.spec.get("preset", "")
    return WantedCell(
        name=cell.name,
        origin=cell.origin,
        replicate=cell.replicate,
        spec=cell.spec,
        digest=digest,
        round=cell.round,
        after=cell.after,
        first=cell.first,
        preset=name,
        preset_digest=_digest(presets.load(name).spec) if name else "",
        is_known=not cell.after,
    )


def _digest(spec: Mapping[str, Any]) -> str:
    return naming.short(json.dumps(spec, sort_keys=True))
