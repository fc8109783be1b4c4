"""A sweep and its cells as plain values: what the pure core of sweeps is run against, without a server.

Cells are kept as the API server would: a name can be taken once, and every change gives a new version. A cell works by
itself; a test says how it ends.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ssd_operator.lifecycle import (
    CellAction,
    CellView,
    ChangeCell,
    CreateCell,
    DeleteCell,
    ResumeCell,
    SuspendCell,
    SweepInputs,
    WantedCell,
    actions_for_cells,
    advance_sweep,
)
from ssd_operator.spec.sweep_status import CellStatus, SweepStatus

UID = "uid-sweep"
START = datetime(2026, 1, 1, tzinfo=UTC)


def wanted(*names: str, digest: str = "d1") -> dict[str, WantedCell]:
    """Return a plan of cells with these names."""
    return {name: WantedCell(name=name, origin=f"cell={name}", replicate=1, spec={}, digest=digest) for name in names}


class SweepModel:
    """One sweep, its cells, and an operator that may lose its memory."""

    def __init__(self, *names: str, parallel: int = 2, max_failed: int | None = None) -> None:
        self.plan = wanted(*names)
        self.parallel, self.max_failed = parallel, max_failed
        self.suspended = self.planning = self.promotes = False
        self.problem = ""
        self.planned_hours: float | None = 0.0
        self.gpus: dict[str, dict[str, int]] = {}
        self.status = SweepStatus()
        self.cells: dict[str, CellView] = {}
        self.refusals: dict[str, str] = {}
        self.made: list[str] = []
        """The name of every cell that was ever made."""
        self.writes = 0
        self.now = START
        self._version = 1

    def inputs(self) -> SweepInputs:
        """Return what is seen now."""
        return SweepInputs(
            generation=1,
            now=self.now,
            suspended=self.suspended,
            planning=self.planning,
            parallel=self.parallel,
            max_failed=self.max_failed,
            benchmark="toy",
            problem=self.problem,
            promotes=self.promotes,
            wanted={} if self.problem else self._judging(),
            cells=dict(self.cells),
            refusals=dict(self.refusals),
            planned_hours=self.planned_hours,
            gpus=self.gpus,
        )

    def _judging(self) -> dict[str, WantedCell]:
        """Return the plan, of which the selected cell has another spec."""
        judgement = self.status.judgement
        if judgement is None or judgement.name not in self.plan:
            return dict(self.plan)
        return {**self.plan, judgement.name: replace(self.plan[judgement.name], digest="judged")}

    def decide(self) -> None:
        """Let the core decide, and write the status."""
        status = advance_sweep(self.status, self.inputs())
        self.writes += status != self.status
        self.status = status

    def act(self, *, most: int = 1000) -> int:
        """Do at most so many actions, and return how many were done."""
        actions = actions_for_cells(self.status, self.inputs())[:most]
        for action in actions:
            self._do(action)
        return len(actions)

    def settle(self) -> None:
        """Decide and act until nothing is left to do."""
        for _ in range(100):
            before = self.status
            self.decide()
            if not self.act() and self.status == before:
                return
        raise AssertionError("never comes to rest")

    def row(self, name: str) -> CellStatus:
        """Return the row of a cell."""
        return next(row for row in self.status.cells if row.name == name)

    def active(self) -> list[str]:
        """Return the cells that take a place."""
        return [name for name, view in self.cells.items() if view.is_active]

    def end(self, name: str, *, phase: str = "Succeeded") -> None:
        """Let a cell end."""
        self.put(name, phase=phase, message="grade: it broke" if phase == "Failed" else "")

    def put(self, name: str, **changes: object) -> None:
        """Change a cell, as somebody else would."""
        self._version += 1
        self.cells[name] = replace(self.cells[name], version=self._version, **changes)  # type: ignore[arg-type]

    def lose(self, name: str) -> None:
        """Let a cell's resource vanish."""
        del self.cells[name]

    def forward(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)

    def _do(self, action: CellAction) -> None:
        match action:
            case CreateCell():
                self._make(action.cell)
            case ChangeCell():
                self.put(action.name, spec=action.cell.digest, phase="")
            case SuspendCell():
                self.put(action.name, suspended=True, suspended_by_sweep=True)
            case ResumeCell():
                self.put(action.name, suspended=False, suspended_by_sweep=False)
            case DeleteCell():
                self.lose(action.name)

    def _make(self, cell: WantedCell) -> None:
        if cell.name in self.cells or cell.name in self.refusals:
            return  # the name is the lock
        self._version += 1
        self.made.append(cell.name)
        self.cells[cell.name] = CellView(
            name=cell.name, uid=f"uid-{self._version}", version=self._version, sweep=UID,
            suspended=False, suspended_by_sweep=False, spec=cell.digest, deleting=False,
        )  # fmt: skip
