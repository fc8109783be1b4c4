"""The config of `report`: everything that was measured, what would have to hold, and where it is recorded."""

from typing import Annotated, Literal

from pydantic import Field

from ssd_jobs.contract.base import ArtifactPath, JsonMap, LaterField, Model, Name
from ssd_jobs.contract.config import Arm, Config, Decode, StageExecution
from ssd_jobs.contract.grading import Grading
from ssd_jobs.contract.training import Tracking

__all__ = [
    "BenchmarkReport",
    "Evaluation",
    "FailedStage",
    "Gate",
    "Guard",
    "Promotion",
    "ReportConfig",
    "ReportExecution",
    "ReportScience",
    "RoundOf",
    "SelectReport",
    "StageArtifact",
]

Share = Annotated[float, Field(ge=0, le=1)]


class Evaluation(Model):
    """The verdicts of one arm, at one decode setting, under one grading mode."""

    stage: Name
    """The stage that gave the verdicts."""
    generated_by: Name
    arm: Arm
    setting: Name
    decode: Decode
    fixed: bool
    """True for the setting named before the run. The others are there to choose from: on select problems all of them
    were evaluated, on report problems the one that was chosen."""
    mode: Grading
    verdicts: ArtifactPath
    generations: ArtifactPath


class SelectReport(Model):
    """How the decode settings of a benchmark with a sweep were chosen."""

    benchmark: Name
    """The benchmark on whose problems they were."""
    selections: dict[Arm, ArtifactPath]
    """Arm -> where its choice is; an arm whose choice was lost is absent."""
    evaluations: tuple[Evaluation, ...]
    """Of every setting of both arms on select problems."""


class BenchmarkReport(Model):
    """One benchmark and every evaluation of it."""

    name: Name
    window: str
    """What the benchmark's name alone does not say, such as `2025-02_2025-05`; part of every metric's name."""
    problems: ArtifactPath
    k: tuple[int, ...]
    samples_per_problem: int
    grading: tuple[Grading, ...]
    """The first one decides."""
    evaluations: tuple[Evaluation, ...]
    """On report problems."""
    select: SelectReport | None
    """None: it has no sweep, and each arm its fixed setting only."""


class Guard(Model):
    """A benchmark on which the candidate must be shown to lose no more than this."""

    benchmark: Name
    metric: str
    max_drop: Share


class Gate(Model):
    """What must hold before a model is promoted."""

    benchmark: Name
    metric: str
    baseline: Literal["Fixed", "BestDecode"]
    confidence: Annotated[float, Field(gt=0.5, lt=1)]
    min_gain: float
    max_difficulty_drop: Share
    pass_at_5: bool
    max_pass_at_5_drop: Share
    max_truncated_share: Share
    guards: tuple[Guard, ...]
    champion: Literal["Compare", "Ignore"]
    """Ignore: a candidate may replace a champion that it was not compared with."""


class Promotion(Model):
    """Where a model goes that passed, and one that did not."""

    registered_model: str
    alias: str
    challenger_alias: str
    upload_weights: bool
    claim: str
    """The claim that holds the weights when they are not uploaded."""
    gate: Gate | None
    """None: the version is registered as challenger and nothing is promoted."""


class RoundOf(Model):
    """Where the candidate stands in a chain of rounds, each of which starts from the export of the one before."""

    number: Annotated[int, Field(ge=1)]
    root_digest: str
    """Of the model that the first round starts from; empty in that round."""
    root_report: str
    """The report of the first round, below the workspace; empty in that round."""


class ReportScience(Model):
    """What the numbers of the report depend on."""

    bootstrap_replicates: Annotated[int, Field(ge=100)]
    seed: int
    promotion: Promotion | None
    chosen_among: Annotated[int | None, Field(ge=1), LaterField()]
    """Of how many runs of a sweep the candidate is the best on select problems; None where it was not chosen."""
    round: Annotated[RoundOf | None, LaterField()]
    """None: it is no round of a chain."""


class StageArtifact(Model):
    """A directory whose manifest, metrics and counts belong into the report."""

    stage: Name
    kind: str
    path: ArtifactPath
    sharded: bool
    """False: one directory without shards."""


class FailedStage(Model):
    """A stage that did not finish; its failure is recorded as well."""

    name: Name
    message: str
    optional: bool
    """True when neither the decision nor the run's end depends on it."""


class ReportExecution(StageExecution):
    """Where the results are recorded."""

    tracking: Tracking
    failed: tuple[FailedStage, ...]


class ReportConfig(Config):
    """pass@k, intervals, comparison, gate, plots, HTML, MLflow, registry."""

    stage: Literal["report"]
    experiment: str
    """The resource's name."""
    spec: JsonMap
    """The resolved spec, recorded whole."""
    parameters: JsonMap
    """The part of it that cannot change while the experiment is the same: MLflow's parameters, which cannot either."""
    science: ReportScience
    model: ArtifactPath
    candidate: str
    """The exported candidate's directory below the workspace; empty when there is none."""
    benchmarks: tuple[BenchmarkReport, ...]
    artifacts: tuple[StageArtifact, ...]
    output: ArtifactPath
    execution: ReportExecution

    @property
    def selects(self) -> bool:
        """Tell whether a decode setting was chosen for any benchmark."""
        return any(each.select is not None and each.select.selections for each in self.benchmarks)
