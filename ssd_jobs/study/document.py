"""What a study says, as models: the only source of its page, its figures and its table."""

from typing import Literal

from ssd_jobs.contract import Decode, Grading
from ssd_jobs.stages.report.document import Number, Part, Strata
from ssd_jobs.study.paper import PaperOutsideRow, PaperRow

__all__ = [
    "AboveBase",
    "BestOfCells",
    "CellCost",
    "OutsideRow",
    "PeakRow",
    "RecipeGain",
    "Study",
    "StudyPoint",
    "StudyRow",
]


class StudyRow(Part):
    """One line of the table: the base, or a cell's candidate with what it gained."""

    label: str
    arm: Literal["Base", "Candidate"]
    runs: int
    """Replicates that it is the mean of."""
    pass_at: dict[int, Strata]
    gain: dict[int, Strata]
    """Candidate minus base, paired by problem; of the recipe where there are replicates. Empty for the base."""


class RecipeGain(Part):
    """What replicates say of a recipe: pass@1 on all problems."""

    cell: str
    replicates: int
    models: tuple[Number, ...]
    """Each replicate's own gain: problems and samples are uncertain."""
    recipe: Number
    """The recipe's gain: trainings are uncertain, too."""
    shares: dict[str, float]
    """Of the variance: problems, base samples, candidate samples, trainings."""
    training_sd: float
    detectable: float
    """The gain that as many replicates show in 80 % of studies."""


class BestOfCells(Part):
    """The cell that is best on select problems, and what the choice is worth on report problems."""

    cell: str
    cells: int
    k: int
    select_problems: int
    select: float
    report: float
    optimism: float


class StudyPoint(Part):
    """One arm of one run at one decode setting on one part of the benchmark."""

    cell: str
    experiment: str
    arm: Literal["Base", "Candidate"]
    part: Literal["select", "report"]
    train: Decode
    decode: Decode
    steps: int
    """Optimizer steps of the training, after which the candidate was taken."""
    compared: bool
    """Whether the arms are compared at this setting."""
    pass_at: dict[int, Strata]


class AboveBase(Part):
    """How many candidates of one truncation are above the base, and how many would be if none were better."""

    truncation: str
    part: Literal["select", "report"]
    base: float
    """pass@1 of the base at the setting at which it is compared."""
    candidates: int
    above: int
    expected: float
    low: float
    high: float
    """By chance alone: the mean, and the ends that hold 95 % of studies in which nothing was gained."""


class CellCost(Part):
    """What a cell cost, and what it gained for that."""

    cell: str
    unit: Literal["GPU hours", "process hours"]
    sampling: float
    training: float
    evaluating: float
    """Of base and candidate; a shared evaluation of the base is in every cell that reads it."""
    tokens: int
    """Sampled for training."""
    gain: Number
    per_point: float | None
    """Sampling and training per point of pass@1; None where nothing was gained."""
    per_point_low: float | None
    per_point_high: float | None
    """None where the gain's interval has no such end above 0."""


class OutsideRow(Part):
    """One line of the table of other benchmarks, which decide nothing."""

    label: str
    arm: Literal["Base", "Candidate"]
    pass_at_1: dict[str, Number]
    gain: dict[str, Number]
    """Candidate minus base at the settings that were fixed before the run."""


class PeakRow(Part):
    """Where the candidates of one truncation are best over T_train x T_eval."""

    truncation: str
    part: Literal["select", "report"]
    cells: int
    constant: float
    slope: float
    bend: float
    r_squared: float
    peak: float | None
    low: float | None
    high: float | None


class Study(Part):
    """Several finished runs, side by side."""

    format: Literal[1]
    benchmark: str
    window: str
    mode: Grading
    baseline: Literal["Fixed", "BestDecode"]
    problems: dict[str, int]
    samples: int
    k: tuple[int, ...]
    confidence: float
    """Of all intervals, but those of runs that were a later look at the window and had to be surer."""
    surest: float
    """The highest confidence that a run's own intervals have."""
    rows: tuple[StudyRow, ...]
    paper: tuple[PaperRow, ...]
    """The paper's own numbers of this model on this window; empty where it has none."""
    recipes: tuple[RecipeGain, ...]
    best: BestOfCells | None
    """None where there is one cell, or nothing was selected."""
    peaks: tuple[PeakRow, ...]
    points: tuple[StudyPoint, ...]
    above: tuple[AboveBase, ...]
    costs: tuple[CellCost, ...]
    """Of cells whose reports name their stages."""
    outside: tuple[OutsideRow, ...]
    """Empty without other benchmarks."""
    paper_outside: tuple[PaperOutsideRow, ...]
    """The paper's own numbers of this model on its other benchmarks."""
