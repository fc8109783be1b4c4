"""The cells of a sweep: which are wanted, which are seen, and which of them may begin now.

`parallel` counts cells that are unfinished and not suspended. What may begin follows from what is seen alone, in the
order of the plan, so whoever is asked after a crash gives the same answer.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from ssd_operator.spec.rounds import Rounds
from ssd_operator.spec.status import ChoiceStatus, PromotionStatus
from ssd_operator.spec.sweep_status import CellStatus

__all__ = ["ENDED", "CellView", "RoundResults", "StageTime", "SweepInputs", "WantedCell", "due", "gave_up"]

ENDED: Final = frozenset({"Succeeded", "Failed", "Skipped"})


@dataclass(frozen=True, slots=True)
class WantedCell:
    """A cell of the plan."""

    name: str
    """Its resource."""
    origin: str
    """Which one it is, for people; the same for all its replicates."""
    replicate: int
    """Counted from 1."""
    spec: Mapping[str, Any] = field(repr=False)
    """What the resource is made from."""
    digest: str
    """Of the spec."""
    round: int = 0
    """Counted from 1; 0 in a sweep without rounds."""
    after: str = ""
    """The cell whose export it starts from; empty where that is the template's model."""
    first: str = ""
    """The cell of the first round of its chain; empty in that one itself."""
    is_known: bool = True
    """False while the round before has not ended: the spec lacks what it starts from, and nothing can be made of it."""


@dataclass(frozen=True, slots=True)
class RoundResults:
    """What a round leaves to those after it."""

    export: str
    """The artifact of its training, below the workspace."""
    digest: str
    """Of that artifact."""
    model_digest: str
    """Of the model that it started from."""
    report: str
    """Its report, below the workspace."""


@dataclass(frozen=True, slots=True)
class StageTime:
    """How long a stage of a cell took."""

    name: str
    key: str
    """Of its recipe, which other cells may share."""
    seconds: float
    """From its first Job to its end."""


@dataclass(frozen=True, slots=True)
class CellView:
    """A SelfDistillation that belongs to a sweep."""

    name: str
    uid: str
    version: int
    """The resource version: a larger one is newer."""
    sweep: str
    """The uid of the sweep."""
    suspended: bool
    suspended_by_sweep: bool
    spec: str
    """Digest of the spec that the sweep gave it last."""
    deleting: bool
    phase: str = ""
    """How it ended; empty while it goes on, and while its status does not speak of its newest spec."""
    message: str = ""
    """Why it failed."""
    choices: Mapping[str, ChoiceStatus] = field(default_factory=dict)
    """Stage -> what it chose, of a cell that has ended."""
    report: Mapping[str, str] = field(default_factory=dict)
    """Benchmark -> what the candidate scored on its report problems, of a cell that has ended."""
    stages: tuple[StageTime, ...] = ()
    """How long they took, of a cell that has ended."""
    promotion: PromotionStatus | None = None
    """What its gate decided, of a cell that has ended."""
    results: RoundResults | None = None
    """What later rounds start from and are compared with, of a cell that has ended well and is one of a chain."""

    @property
    def has_ended(self) -> bool:
        """Tell whether there is nothing left to do in it."""
        return self.phase in ENDED

    @property
    def is_active(self) -> bool:
        """Tell whether it takes one of the places of `parallel`."""
        return not (self.has_ended or self.suspended or self.deleting)


@dataclass(frozen=True)
class SweepInputs:
    """A sweep and its cells, at one moment."""

    generation: int
    now: datetime
    suspended: bool
    planning: bool
    """The mode is Plan: nothing may be made."""
    parallel: int
    max_failed: int | None
    benchmark: str
    """On whose select problems cells are compared."""
    rounds: Rounds | None = None
    """None where cells have no rounds."""
    planned_hours: float | None = None
    """The most GPU-hours of all stages; None where they are not known."""
    gpus: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Resource -> stage -> the GPUs that it holds in all its pods, of those that hold any."""
    promotes: bool = False
    """The template has a promotion."""
    problem: str = ""
    """Why there is no plan; nothing is made, changed or removed then."""
    wanted: Mapping[str, WantedCell] = field(default_factory=dict)
    """Resource -> the cell, in the order of the plan; empty where there is none."""
    cells: Mapping[str, CellView] = field(default_factory=dict)
    """Resource -> what is seen of it, for those that belong to this sweep."""
    refusals: Mapping[str, str] = field(default_factory=dict)
    """Resource -> why it could not be made or changed."""


def gave_up(rows: Sequence[CellStatus], inputs: SweepInputs) -> bool:
    """Tell whether so many cells failed that no more are begun."""
    failed = sum(row.phase == "Failed" for row in rows)
    return inputs.max_failed is not None and failed > inputs.max_failed


def due(rows: Sequence[CellStatus], inputs: SweepInputs) -> Collection[str]:
    """Return the cells that may begin, go on, or be taken up again now; what was refused comes after all else."""
    if inputs.suspended or inputs.planning or inputs.problem:
        return ()
    free = inputs.parallel - sum(view.is_active for view in inputs.cells.values())
    stopped = [row.name for row in rows if _is_stopped(inputs.cells.get(row.name))]
    changed = [row.name for row in rows if _has_changed(row.name, inputs)]
    missing = [row.name for row in rows if row.name not in inputs.cells and _can_begin(row, inputs)]
    waiting = [*stopped, *changed, *([] if gave_up(rows, inputs) else missing)]
    return sorted(waiting, key=inputs.refusals.__contains__)[: max(free, 0)]


def _can_begin(row: CellStatus, inputs: SweepInputs) -> bool:
    """Tell whether a cell that is not there may be made: not while the round before goes on."""
    return row.phase not in ENDED and inputs.wanted[row.name].is_known  # an ended one may be no longer wanted


def _is_stopped(view: CellView | None) -> bool:
    """Tell whether the sweep suspended a cell, which a person may not have done as well."""
    return view is not None and view.suspended and view.suspended_by_sweep and not (view.has_ended or view.deleting)


def _has_changed(name: str, inputs: SweepInputs) -> bool:
    """Tell whether a cell that has ended was given another spec since, which may take it up again."""
    view, wanted = inputs.cells.get(name), inputs.wanted.get(name)
    if view is None or wanted is None or view.deleting or not view.has_ended or not wanted.is_known:
        return False
    return view.spec != wanted.digest
