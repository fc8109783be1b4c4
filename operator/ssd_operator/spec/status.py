"""What the operator answers: where the run stands and what was found."""

from __future__ import annotations

from typing import Annotated, ClassVar, Final

from pydantic import Field

from ssd_operator.spec.answer import (
    PHASES,
    Condition,
    Line,
    Name,
    Number,
    StatusPart,
    Text,
    Time,
    Whole,
    bounded,
    listed,
    one_of,
)

__all__ = [
    "STAGE_PHASES",
    "ArtifactStatus",
    "ChoiceStatus",
    "Delta",
    "JobReference",
    "ModelStatus",
    "ProgressStatus",
    "PromotionStatus",
    "ResolvedReference",
    "Result",
    "Score",
    "StageStatus",
    "Status",
    "TrackingStatus",
]

STAGE_PHASES: Final = ("Planned", "Pending", "Running", "Suspended", "Succeeded", "Failed", "Skipped")

StringMap = Annotated[dict[str, Text], bounded(maxProperties=64)]


class ResolvedReference(StatusPart):
    """Where the complete spec of this run is frozen."""

    config_map: Line
    """ConfigMap that holds it."""
    digest: Line
    """Digest of the complete spec."""


class JobReference(StatusPart):
    """A Job of a stage."""

    name: Name
    """Name of the Job."""
    uid: Line = ""
    """Its uid, once it exists."""


class ProgressStatus(StatusPart):
    """How far a stage is."""

    unit: Line
    """What is counted, such as steps."""
    done: Whole
    """How many are done."""
    total: Whole
    """How many there are; 0 while there is nothing to count, and then `unit` is what is done."""
    since: Time | None = None
    """When it was first seen to be so far."""

    @property
    def text(self) -> str:
        """Say it in a few words."""
        return f"{self.done}/{self.total} {self.unit}" if self.total else self.unit


class ArtifactStatus(StatusPart):
    """What a stage wrote."""

    path: Line
    """Where it lies below the workspace."""
    digest: Line = ""
    """Digest of its content."""


class ModelStatus(StatusPart):
    """How large the base model is, from which later stages' pods take how much memory they ask for."""

    parameters: Whole
    """Its weights, tied ones once."""
    bytes: Whole
    """Its files of weights."""
    layers: Whole
    """Its blocks."""
    vocabulary: Whole
    """Tokens that it knows."""


class ChoiceStatus(StatusPart):
    """The decode setting that was chosen for an arm, and what it is worth."""

    setting: Line
    """Name of the setting, such as t0d9-k20-p0d8."""
    metric: Line
    """What was compared, such as pass@1."""
    value: Number
    """What the setting scored where it was chosen."""
    settings: Whole
    """Of how many settings it is the best."""
    problems: Whole
    """On how many problems, which are used for nothing else."""


class StageStatus(StatusPart):
    """One stage of the graph."""

    always_written: ClassVar[frozenset[str]] = frozenset({"name", "phase"})

    name: Annotated[str, bounded(minLength=1, maxLength=63)]
    """Name of the stage, such as generate-base-lcb-v6."""
    kind: Line = ""
    """Kind of the stage, such as generate."""
    phase: Annotated[str, one_of(*STAGE_PHASES)]
    """Where it stands; Planned means that nothing was begun."""
    key: Line = ""
    """The stage's recipe as a hash; equal keys on a claim share the work."""
    cached: Annotated[str, one_of("", "Recorded", "Unknown")] = ""
    """Whether a live resource on the same claim has recorded a result of this key."""
    attempt: Whole = 0
    """Which attempt this is, counted from 1."""
    failures: Whole = 0
    """Attempts that failed for a reason of their own; disruptions do not count."""
    jobs: Annotated[tuple[JobReference, ...], listed(32)] = ()
    """Jobs of the attempt."""
    progress: ProgressStatus | None = None
    """How far it is."""
    artifact: ArtifactStatus | None = None
    """What it wrote."""
    digests: StringMap = Field(default_factory=dict)
    """What prepare resolved: part of the experiment, digest of its content."""
    model: ModelStatus | None = None
    """What prepare found of the base model."""
    choice: ChoiceStatus | None = None
    """What select chose."""
    start_time: Time | None = None
    """When its first Job was made."""
    completion_time: Time | None = None
    """When it ended."""
    retry_time: Time | None = None
    """When the next attempt begins, after this one gave its nodes back."""
    message: Text = ""
    """Why it waits or failed, and what to do."""


class Score(StatusPart):
    """A score of one arm."""

    pass_at1: Number = ""
    """Share of problems solved by one sample."""
    interval: Number = ""
    """Interval at the gate's confidence, such as 0.262-0.421."""


class Delta(StatusPart):
    """The candidate's score minus the base's, on paired problems."""

    pass_at1: Number = ""
    """The difference."""
    interval: Number = ""
    """Its interval."""


class Result(StatusPart):
    """What one benchmark says under one grading mode, each arm at the setting that the gate compares."""

    benchmark: Line
    """Name of the benchmark."""
    grading: Line
    """Grading mode."""
    base: Score | None = None
    """The base model."""
    candidate: Score | None = None
    """The fine-tuned model."""
    delta: Delta | None = None
    """Their difference."""


class PromotionStatus(StatusPart):
    """What the gate decided."""

    decision: Annotated[str, one_of("Promoted", "Held", "Skipped")]
    """Promoted has the alias, Held does not, Skipped was not asked for."""
    reasons: Annotated[tuple[Text, ...], listed(16)] = ()
    """Why."""
    model_version: Line = ""
    """Version in the model registry."""
    previous_champion: Line = ""
    """Version that had the alias before."""


class TrackingStatus(StatusPart):
    """Where the run is recorded in MLflow."""

    experiment_id: Line = ""
    """Experiment."""
    run_id: Line = ""
    """Run."""
    url: Annotated[str, bounded(maxLength=1024)] = ""
    """Page of the run."""


class Status(StatusPart):
    """Where the run stands; written by the operator only."""

    observed_generation: Whole = 0
    """Generation of the spec this speaks of."""
    phase: Annotated[str, one_of(*PHASES)] = ""
    """Summary of the conditions."""
    model: Line = ""
    """What is distilled: repository, path or registry address."""
    stage: Line = ""
    """What runs now."""
    progress: Line = ""
    """How far it is, such as 1250/2500 steps."""
    restarts: Whole = 0
    """Attempts after the first, over all stages; a shard's own tries are counted by its Job."""
    resolved_spec: ResolvedReference | None = None
    """Where the complete spec of this run is frozen."""
    claim_uid: Line = ""
    """The uid of the claim on which the results of finished stages lie."""
    reruns: StringMap = Field(default_factory=dict)
    """Kind of stage -> nonce of the last rerun from there; a rerun from a later stage keeps what it made."""
    stages: Annotated[tuple[StageStatus, ...], listed(160, by="name")] = ()
    """Every stage of the graph."""
    results: Annotated[tuple[Result, ...], listed(8)] = ()
    """The comparison, by benchmark and grading; by difficulty in the report and in MLflow."""
    promotion: PromotionStatus | None = None
    """What the gate decided."""
    tracking: TrackingStatus | None = None
    """Where the run is recorded in MLflow."""
    conditions: Annotated[tuple[Condition, ...], listed(16, by="type")] = ()
    """Accepted, Progressing, Suspended, Succeeded, Failed."""
    start_time: Time | None = None
    """When the first Job was made."""
    suspended_seconds: Whole = 0
    """Time spent suspended so far, which the deadline does not count."""
    deadline: Time | None = None
    """When the run is given up; none while it is suspended, because each suspension moves it."""
    completion_time: Time | None = None
    """When the run ended."""
