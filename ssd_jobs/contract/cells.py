"""The cells of a sweep side by side: which of them to read, and the table that follows, with the best of them.

What a cell is chosen by and what is told of it are read from different files: a selection holds no verdict on report
problems, and nothing else is read before the choice is made.
"""

from typing import Annotated

from pydantic import Field

from ssd_jobs.contract.base import ArtifactPath, Model, Name
from ssd_jobs.contract.config import Arm

__all__ = [
    "CellRow",
    "CellsConfig",
    "CellsTable",
    "DriftConfig",
    "DriftFound",
    "DriftRow",
    "FinishedCell",
    "RoundModel",
    "RoundPoint",
    "SelectedCell",
]


class FinishedCell(Model):
    """One cell that has come to a good end, and where what it found lies."""

    name: Name
    origin: str
    """What it is called, the same for all its replicates."""
    replicate: int
    selections: dict[Arm, ArtifactPath]
    """How the decode setting of each arm was chosen, with its value on select problems."""
    report: ArtifactPath


class RoundModel(Model):
    """What one round exported."""

    name: Name
    model: ArtifactPath


class DriftConfig(Model):
    """The models of a chain of rounds, and the texts on which they are compared with their root."""

    workspace: str
    root: ArtifactPath
    rounds: Annotated[tuple[RoundModel, ...], Field(min_length=1)]
    generations: ArtifactPath
    """What the root wrote for report problems, of which the first sample of each is read."""
    texts: Annotated[int, Field(ge=1)]
    """At most so many."""
    trust_remote_code: bool


class DriftRow(Model):
    """One model on the root's texts, in nats per token."""

    name: str
    """Of the round's resource; empty for the root."""
    entropy: float
    divergence: float
    """KL(model || root)."""


class DriftFound(Model):
    """How far every round has moved from the root."""

    texts: int
    positions: int
    rows: tuple[DriftRow, ...]


class CellsConfig(Model):
    """Everything that is read."""

    sweep: str
    workspace: str
    benchmark: Name
    """On whose select problems the best is chosen."""
    k: Annotated[int, Field(ge=1)]
    """By which pass@k."""
    baselines: dict[str, str]
    """Origin of a cell -> that of the one which it is compared with; a cell without one is absent."""
    cells: Annotated[tuple[FinishedCell, ...], Field(min_length=1)]


class RoundPoint(Model):
    """What is followed over the rounds of a chain: the candidate at its chosen setting, on report problems."""

    round: int
    pass_at: dict[int, float]
    variety: float | None
    """The chance that two right programs of a problem differ; None where hardly a problem has two."""
    tokens: float
    """Of a completion, in the mean."""
    truncated: float
    """Share of completions that reached the length limit."""


class CellRow(Model):
    """What one cell found, each arm at the setting that was chosen for it."""

    name: Name
    origin: str
    replicate: int
    setting: str
    """Of the candidate, such as t0d9-k0-p1."""
    settings: int
    """Of how many it is the best on select problems."""
    select: float
    base_select: float
    report: float
    report_low: float
    report_high: float
    base_report: float
    difference: float
    """Candidate minus base on report problems."""
    difference_low: float
    difference_high: float
    over_baseline: float | None
    """The mean of the cell's replicates on report problems minus that of the baseline cell; None without one."""
    curve: RoundPoint | None
    """None outside a chain of rounds."""
    over_root: float | None
    """Candidate minus the model of round 0 on report problems; None outside a chain of rounds."""
    over_root_low: float | None
    over_root_high: float | None


class SelectedCell(Model):
    """The best cell, chosen by the mean of its replicates on select problems."""

    origin: str
    name: Name
    """Of its replicate with the highest value there."""
    cells: int
    """Of how many it is the best."""
    runs: int
    """Of how many with their replicates."""
    select: float
    report: float
    """The mean of its replicates on report problems, which no choice has seen."""
    optimism: float
    """(Its value minus the mean of all cells) on select problems, minus the same on report problems."""


class CellsTable(Model):
    """The table, and the best."""

    benchmark: Name
    select_benchmark: Name
    """On whose problems the settings and the best were chosen."""
    k: int
    select_problems: int
    report_problems: int
    gpu_hours: float
    """What the stages of these cells took, a shared one counted once: the GPUs that each process held, and for how
    long; 0 where all ran on CPUs."""
    rows: tuple[CellRow, ...]
    best: SelectedCell
