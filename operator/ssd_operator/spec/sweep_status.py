"""What the operator answers for a sweep: a short row for each cell, and what they come to."""

from __future__ import annotations

from typing import Annotated, ClassVar, Final

from ssd_operator.spec.answer import (
    PHASES,
    Condition,
    Line,
    Name,
    Number,
    StatusPart,
    Time,
    Whole,
    bounded,
    listed,
    one_of,
)

__all__ = [
    "CELL_PHASES",
    "MOST_ROWS",
    "BestStatus",
    "CellStatus",
    "GpuHoursStatus",
    "JudgementStatus",
    "PresetReference",
    "SweepStatus",
]

CELL_PHASES: Final = ("Pending", "Running", "Suspended", "Succeeded", "Failed", "Skipped")
MOST_ROWS: Final = 1000
"""Cells of a sweep on a cluster: what is stored of an object has a limit."""


class CellStatus(StatusPart):
    """One cell. All that changes often is in the status of its own resource."""

    always_written: ClassVar[frozenset[str]] = frozenset({"name", "phase"})

    name: Name
    """Its SelfDistillation."""
    cell: Annotated[str, bounded(maxLength=128)] = ""
    """Which one it is, such as Ttrain=0.5, cut=k10, replicate 2."""
    phase: Annotated[str, one_of(*CELL_PHASES)]
    """Where it stands; Pending means that it is not made yet, Running that it is and has not ended, Skipped that it is
    a round which no longer follows: the one before failed, or stopWhen came true."""
    select: Annotated[str, bounded(maxLength=24)] = ""
    """What it scored on select problems, at the decode setting that was chosen there."""
    before: Annotated[str, bounded(maxLength=24)] = ""
    """What the model that a round starts from scored there; empty in a sweep without rounds."""
    problems: Whole = 0
    """On how many."""
    message: Annotated[str, bounded(maxLength=200)] = ""
    """Why it failed, cannot be made, or is skipped; more is in its own status."""


class BestStatus(StatusPart):
    """The best cell so far, chosen by the mean of its replicates on problems that are used for nothing else."""

    cell: Annotated[str, bounded(maxLength=128)]
    """Which one it is, such as Ttrain=0.5, cut=k10."""
    name: Name
    """Its SelfDistillation; with replicates the one with the highest value."""
    select: Number
    """What it scored on select problems; on report problems it scores less, the more so the more cells there are."""
    of: Whole
    """Of how many cells it is the best, replicates not counted."""
    report: Number = ""
    """What it scored on report problems, in the mean of its replicates; empty until every cell has ended."""
    optimism: Number = ""
    """By how much more it was ahead of the mean of all cells on select problems than it is on report problems."""
    message: Line = ""
    """The same as a sentence."""


class PresetReference(StatusPart):
    """Where it is kept what a preset said."""

    name: Line
    """The preset."""
    config_map: Line
    """ConfigMap that holds it."""
    digest: Line
    """Digest of what it said."""


class GpuHoursStatus(StatusPart):
    """What the sweep costs: every stage that several cells share is counted once."""

    planned: Line = ""
    """The most that all of its stages can take, by arithmetic of tokens and the model's size; 0 without GPUs, unknown
    where name and spec do not tell."""
    spent: Line = ""
    """What the stages of ended cells took: the GPUs of each, from its first Job to its end."""
    spent_seconds: Whole = 0
    """The same in GPU-seconds; it never falls, also when a cell's resource is deleted."""


class JudgementStatus(StatusPart):
    """What the gate of the template's promotion said of the selected cell, which alone it judges, and once."""

    cell: Annotated[str, bounded(maxLength=128)]
    """Which one it is, such as Ttrain=0.5, cut=k10."""
    name: Name
    """Its SelfDistillation."""
    of: Whole
    """Among how many runs it was chosen, replicates counted."""
    decision: Annotated[str, one_of("", "Promoted", "Held", "Skipped")] = ""
    """As in a run's status; empty until its report is made again with the gate."""
    reasons: Annotated[tuple[Line, ...], listed(16)] = ()
    """Why."""


class SweepStatus(StatusPart):
    """Where the sweep stands; written by the operator only."""

    observed_generation: Whole = 0
    """Generation of the spec this speaks of."""
    phase: Annotated[str, one_of(*PHASES)] = ""
    """Summary of the conditions."""
    progress: Line = ""
    """Cells that have ended, and all, such as 7/27."""
    failed: Whole = 0
    """Cells that failed."""
    gpu_hours: GpuHoursStatus | None = None
    """What it costs."""
    preset: PresetReference | None = None
    """What the template's preset said when the first cell was made: every cell is made of that, whatever a later
    release says."""
    best: BestStatus | None = None
    """The best cell on select problems."""
    judgement: JudgementStatus | None = None
    """What the gate said of the selected cell; absent until every cell has ended, and without a promotion."""
    cells: Annotated[tuple[CellStatus, ...], listed(MOST_ROWS, by="name")] = ()
    """Every cell, in the order of the plan."""
    conditions: Annotated[tuple[Condition, ...], listed(16, by="type")] = ()
    """Planned, Progressing, Suspended, Succeeded, Failed."""
    start_time: Time | None = None
    """When the first cell was made."""
    completion_time: Time | None = None
    """When no cell was left to run."""
