"""A sweep on one machine: its cells as experiments in one directory, which share whatever has the same key.

Every cell keeps its state as any other run does, so that the sweep itself has none: it goes on from what they have.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console

from ssd_operator import naming
from ssd_operator.errors import SsdError
from ssd_operator.lifecycle import outcome
from ssd_operator.local import chain, machine, processes, view
from ssd_operator.local.attempts import RunProcess, WaitBudget
from ssd_operator.local.chain import CellRun
from ssd_operator.local.experiment import LocalExperiment, stop_on_signals
from ssd_operator.local.machine import Machine
from ssd_operator.local.shared import SharedStages
from ssd_operator.local.state import RunState
from ssd_operator.local.workdir import Workdir
from ssd_operator.plan import Graph
from ssd_operator.spec.cells import Cell
from ssd_operator.spec.resolve import resolve
from ssd_operator.spec.sweep import SweepFields

__all__ = ["LocalSweep"]


class LocalSweep:
    """The cells of one sweep in one directory."""

    def __init__(
        self,
        name: str,
        cells: Sequence[Cell],
        fields: SweepFields,
        directory: Path,
        *,
        tracking_uri: str,
        run_process: RunProcess = processes.run,
    ) -> None:
        self.name = name
        self.workdir = Workdir(directory, name)
        self._tracking_uri = tracking_uri
        self._run_process = run_process
        self._fields = fields
        self._cells = {cell.name: cell for cell in cells}
        self._experiments: dict[tuple[str, str], LocalExperiment] = {}
        """By the cell and the model that it starts from."""

    def cells(self) -> list[CellRun]:
        """Return every cell as it stands; a round is what it is by those before it."""
        found: dict[str, CellRun] = {}
        for cell in self._cells.values():
            found[cell.name] = self._as_it_stands(cell, found)
        return list(found.values())

    def run(
        self, wanted: Collection[str], console: Console, *, wait_s: float, parallel: int, most_failed: int | None
    ) -> None:
        """Carry the cells of these names to their ends, so many at once; a failed cell fails no other.

        A round that is wanted wants those before it. None is begun any more once more than `most_failed` of the sweep's
        cells have failed.
        """
        with self.workdir.writable(), self.workdir.locked():
            asyncio.run(self._run(wanted, console, wait_s, parallel, most_failed))

    def judge(
        self, spec: Mapping[str, Any], found: Sequence[CellRun], console: Console, *, wait_s: float
    ) -> tuple[LocalExperiment, RunState, Graph]:
        """Judge the selected cell as an experiment of the sweep's name; all but its report was done for the cell."""
        experiment = LocalExperiment(
            self.name,
            resolve(spec, name=self.name),
            self.workdir.root,
            tracking_uri=self._tracking_uri,
            run_process=self._run_process,
        )
        source = _document(self.name, spec)
        state, graph = experiment.run(console, wait_s=wait_s, source=source, shared=_known(found))
        return experiment, state, graph

    async def _run(
        self, wanted: Collection[str], console: Console, wait_s: float, parallel: int, most_failed: int | None
    ) -> None:
        """Run them with what is known of all cells; Ctrl-C and SIGTERM stop them in order."""
        before = self.cells()
        everything = {name for each in wanted for name in self._with_those_before(each)}
        work = _Work(self._experiment, self._next, everything, _known(before), console, wait_s, most_failed)
        waiting = deque(
            each.cell
            for each in before
            if each.cell.name in everything and each.phase != "Succeeded" and not each.waits
        )
        task = asyncio.create_task(work.all(waiting, parallel))
        stop_on_signals(task)
        await task

    def _with_those_before(self, name: str) -> list[str]:
        """Return a cell and the rounds before it."""
        cell = self._cells[name]
        return [name, *(self._with_those_before(cell.after) if cell.after else [])]

    def _next(self, cell: Cell) -> Cell | None:
        """Return the round that follows a cell which has just ended, None where none does."""
        if not cell.round:
            return None
        return next((each.cell for each in self.cells() if each.cell.after == cell.name and not each.waits), None)

    def _experiment(self, cell: Cell) -> LocalExperiment:
        """Open one cell."""
        which = (cell.name, json.dumps(cell.spec.get("model"), sort_keys=True))
        if which not in self._experiments:
            self._experiments[which] = LocalExperiment(
                cell.name,
                cell.resolved(),
                self.workdir.root,
                tracking_uri=self._tracking_uri,
                run_process=self._run_process,
            )
        return self._experiments[which]

    def _as_it_stands(self, cell: Cell, before: Mapping[str, CellRun]) -> CellRun:
        cell, waits, message = chain.opened(cell, before, self._fields)
        experiment = self._experiment(cell)
        if waits:
            nothing = RunState(cell.name, "")
            return CellRun(cell, nothing, experiment.graph(nothing), message, waits=True)
        state = experiment.state()
        graph = experiment.graph(state)
        recorded = experiment.recorded()
        keys = {node.key for node in graph}
        stages = recorded.stages.values() if recorded is not None else ()
        lost = outcome.decisive(stage for stage in stages if stage.key in keys)
        return CellRun(cell, state, graph, f"{lost.name}: {lost.message}" if lost is not None else "")


def _known(cells: Sequence[CellRun]) -> SharedStages:
    """Return what has succeeded in any cell, so that no other one does it again."""
    shared = SharedStages()
    for each in cells:
        for node in each.graph:
            if each.state.succeeded(node):
                shared.note(node, each.state.stages[node.name])
    return shared


@dataclass
class _Work:
    """One pass over the cells that are not finished."""

    opened: Callable[[Cell], LocalExperiment]
    following: Callable[[Cell], Cell | None]
    """From a cell that has ended to the round that follows it."""
    wanted: Collection[str]
    shared: SharedStages
    console: Console
    wait_s: float
    most_failed: int | None
    failed: int = 0

    async def all(self, waiting: deque[Cell], parallel: int) -> None:
        """Carry out what waits, so many at once."""
        on, budget = machine.detect(), WaitBudget(self.wait_s)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(parallel, len(waiting))):
                    group.create_task(self._one_after_the_other(waiting, on, budget))
        except ExceptionGroup as several:
            expected, _ = several.split(SsdError)
            raise (several if expected is None else expected.exceptions[0]) from None

    async def _one_after_the_other(self, waiting: deque[Cell], on: Machine, budget: WaitBudget) -> None:
        while waiting and (self.most_failed is None or self.failed <= self.most_failed):
            cell = waiting.popleft()
            await self._cell(cell, on, budget)
            following = self.following(cell)
            if following is not None and following.name in self.wanted:
                waiting.appendleft(following)

    async def _cell(self, cell: Cell, on: Machine, budget: WaitBudget) -> None:
        """Carry one cell to its end."""
        experiment = self.opened(cell)
        label = f"{cell.origin} #{cell.replicate}"
        with experiment.workdir.writable(), experiment.workdir.locked():
            with experiment.workdir.naming():
                experiment.workdir.source_file.write_text(_document(cell.name, cell.spec), encoding="utf-8")
            work = experiment.runner_on(
                on,
                experiment.state(),
                wait_budget=budget,
                listener=lambda node, state: view.line(self.console, node, state, of=label),
                shared=self.shared,
            )
            state = await work.run()
        self.failed += bool(outcome.failures(state.stages.values()))


def _document(name: str, spec: Mapping[str, Any]) -> str:
    """Return an experiment as a file that could be run by itself."""
    resource = {
        "apiVersion": naming.API_VERSION,
        "kind": naming.KIND,
        "metadata": {"name": name},
        "spec": spec,
    }
    return yaml.safe_dump(resource, sort_keys=False)
