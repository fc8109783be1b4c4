"""The plans of sweeps: their cells, made anew only when a person changed the sweep."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ssd_operator import naming, plan
from ssd_operator.cluster import Key, StoredSweep
from ssd_operator.errors import InvalidSpec, Problem
from ssd_operator.lifecycle import CellView, WantedCell, start_of
from ssd_operator.plan import gpu_hours
from ssd_operator.plan.union import stages_to_come
from ssd_operator.plan.unplaced import unplaced
from ssd_operator.spec.cells import Cell
from ssd_operator.spec.presets import Preset
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
    planned_hours: float | None = None
    """The most GPU-hours of all stages; None where they are not known."""
    gpus: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Resource -> stage -> the GPUs that it holds in all its pods, of those that hold any."""
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
        self._plans: dict[Key, tuple[tuple[str, int, str], SweepPlan]] = {}
        """Sweep -> the uid, the generation and the preset that the plan was made for, and the plan."""

    async def plan(self, sweep: StoredSweep, preset: Preset | None) -> SweepPlan:
        """Return the plan of a sweep by what its preset said when it began.

        To plan the stages of a thousand cells takes seconds, for which neither the Lease nor another run may wait.
        """
        made_for = (sweep.uid, sweep.generation, preset.digest if preset is not None else "")
        known = self._plans.get(sweep.key)
        if known is None or known[0] != made_for:
            known = self._plans[sweep.key] = (made_for, await asyncio.to_thread(_plan, sweep, preset))
        return known[1]

    def known(self) -> Collection[Key]:
        """Return the sweeps of which a plan is kept."""
        return self._plans.keys()

    def forget(self, key: Key) -> None:
        """Drop the plan of a sweep that is gone."""
        self._plans.pop(key, None)


def _plan(sweep: StoredSweep, preset: Preset | None) -> SweepPlan:
    """Return the cells of a sweep, or the sentence that `ssd` prints for it as well."""
    try:
        parsed = sweep.parse()
        frozen = parsed.frozen(preset)
        cells = frozen.cells
        if len(cells) > MOST_ROWS:
            raise InvalidSpec([_too_many(len(cells))])
    except InvalidSpec as error:
        return SweepPlan(problem=str(error))
    wanted = {cell.name: _wanted(cell) for cell in cells}
    fields, promotion = parsed.fields, frozen.promotion
    graphs = {cell.name: _graph(cell, sweep.uid) for cell in cells}
    return SweepPlan(
        planned_hours=_planned_hours(cells, graphs),
        gpus={
            name: {node.name: node.gpus * node.tasks for node in graph if node.gpus} for name, graph in graphs.items()
        },
        cells=wanted,
        parallel=fields.parallel,
        max_failed=fields.max_failed,
        rounds=fields.rounds,
        benchmark=fields.select.benchmark if fields.select is not None else "",
        promotion=None if promotion is None else {"registeredModel": parsed.name, **promotion},
    )


def _graph(cell: Cell, sweep_uid: str) -> plan.Graph:
    """Return the stages of a cell before anything of it is resolved."""
    around = plan.Surroundings(cell.name, cell.name, sweep_uid=sweep_uid, digests={})
    return unplaced(cell.resolved(), around)


def _planned_hours(cells: Sequence[Cell], graphs: Mapping[str, plan.Graph]) -> float | None:
    """Return the most GPU-hours of all stages."""
    once = stages_to_come((graphs[cell.name], bool(cell.after)) for cell in cells)
    return gpu_hours.planned(once, gpu_hours.named_parameters(graphs[cells[0].name]), lambda _: None)


def _too_many(count: int) -> Problem:
    words = (
        f"has {count:,} cells with their replicates, and on a cluster at most {MOST_ROWS:,} fit into the status: make "
        "several sweeps, which share on one claim whatever has the same key"
    )
    return Problem("spec", words)


def _wanted(cell: Cell) -> WantedCell:
    digest = _digest(cell.spec)
    return WantedCell(
        name=cell.name,
        origin=cell.origin,
        replicate=cell.replicate,
        spec=cell.spec,
        digest=digest,
        round=cell.round,
        after=cell.after,
        first=cell.first,
        is_known=not cell.after,
    )


def _digest(spec: Mapping[str, Any]) -> str:
    return naming.short(json.dumps(spec, sort_keys=True))
