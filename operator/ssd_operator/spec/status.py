"""What the operator answers: where the run stands and what was found. Measured numbers are texts.

A status is read in each pass, and a newer operator may have written it before this one was installed again. So reading
keeps fields that this version does not know, to write them back, and takes any word and any length. What may be written
stands in the definition only, where the API server enforces it.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final

from pydantic import ConfigDict, Field

from ssd_operator.spec.base import Section

__all__ = [
    "STAGE_PHASES",
    "ArtifactStatus",
    "Condition",
    "Delta",
    "JobReference",
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

PHASES: Final = ("", "Pending", "Planned", "Invalid", "Running", "Waiting", "Suspended", "Succeeded", "Failed")


def _schema(**words: Any) -> Any:
    """Return bounds for the definition that reading does not apply."""
    return Field(json_schema_extra=words)


def _one_of(*words: str) -> Any:
    return _schema(enum=list(words))


def _list(longest: int, *, by: str = "") -> Any:
    """Return the bound of a list, which is a map when its entries have a key."""
    words = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [by]} if by else {}
    return _schema(maxItems=longest, **words)


_Number = Annotated[str, _schema(maxLength=32)]
_Whole = Annotated[int, Field(ge=0, le=9_007_199_254_740_991)]
_Time = Annotated[str, _schema(maxLength=64, format="date-time")]
_Name = Annotated[str, _schema(minLength=1, maxLength=253)]
_Line = Annotated[str, _schema(maxLength=256)]
_Text = Annotated[str, _schema(maxLength=4096)]
_StringMap = Annotated[dict[str, _Text], _schema(maxProperties=64)]


class _Answer(Section):
    """A part of the status: made by our own code, under Python's names, or read as somebody's of another version."""

    model_config = ConfigDict(extra="allow", validate_by_name=True, validate_by_alias=True)


class ResolvedReference(_Answer):
    """Where the complete spec of this run is frozen."""

    config_map: _Line
    """ConfigMap that holds it."""
    digest: _Line
    """Digest of the complete spec."""


class JobReference(_Answer):
    """A Job of a stage."""

    name: _Name
    """Name of the Job."""
    uid: _Line = ""
    """Its uid, once it exists."""


class ProgressStatus(_Answer):
    """How far a stage is."""

    unit: _Line
    """What is counted, such as steps."""
    done: _Whole
    """How many are done."""
    total: _Whole
    """How many there are; 0 while there is nothing to count, and then `unit` is what is done."""
    since: _Time | None = None
    """When it was first seen to be so far."""

    @property
    def text(self) -> str:
        """Say it in a few words."""
        return f"{self.done}/{self.total} {self.unit}" if self.total else self.unit


class ArtifactStatus(_Answer):
    """What a stage wrote."""

    path: _Line
    """Where it lies below the workspace."""
    digest: _Line = ""
    """Digest of its content."""


class StageStatus(_Answer):
    """One stage of the graph."""

    always_written: ClassVar[frozenset[str]] = frozenset({"name", "phase"})

    name: Annotated[str, _schema(minLength=1, maxLength=63)]
    """Name of the stage, such as generate-base-lcb-v6."""
    kind: _Line = ""
    """Kind of the stage, such as generate."""
    phase: Annotated[str, _one_of(*STAGE_PHASES)]
    """Where it stands; Planned means that nothing was begun."""
    key: _Line = ""
    """The stage's recipe as a hash; equal keys on a claim share the work."""
    cached: Annotated[str, _one_of("", "Recorded", "Unknown")] = ""
    """Whether a live resource on the same claim has recorded a result of this key."""
    attempt: _Whole = 0
    """Which attempt this is, counted from 1."""
    failures: _Whole = 0
    """Attempts that failed for a reason of their own; disruptions do not count."""
    jobs: Annotated[tuple[JobReference, ...], _list(32)] = ()
    """Jobs of the attempt."""
    progress: ProgressStatus | None = None
    """How far it is."""
    artifact: ArtifactStatus | None = None
    """What it wrote."""
    digests: _StringMap = Field(default_factory=dict)
    """What prepare resolved: part of the experiment, digest of its content."""
    start_time: _Time | None = None
    """When its first Job was made."""
    completion_time: _Time | None = None
    """When it ended."""
    message: _Text = ""
    """Why it waits or failed, and what to do."""


class Score(_Answer):
    """A score of one arm."""

    pass_at1: _Number = ""
    """Share of problems solved by one sample."""
    interval: _Number = ""
    """Interval at the gate's confidence, such as 0.262-0.421."""


class Delta(_Answer):
    """The candidate's score minus the base's, on paired problems."""

    pass_at1: _Number = ""
    """The difference."""
    interval: _Number = ""
    """Its interval."""


class Result(_Answer):
    """What one benchmark says under one grading mode, each arm at the setting that the gate compares."""

    benchmark: _Line
    """Name of the benchmark."""
    grading: _Line
    """Grading mode."""
    base: Score | None = None
    """The base model."""
    candidate: Score | None = None
    """The fine-tuned model."""
    delta: Delta | None = None
    """Their difference."""


class PromotionStatus(_Answer):
    """What the gate decided."""

    decision: Annotated[str, _one_of("Promoted", "Held", "Skipped")]
    """Promoted has the alias, Held does not, Skipped was not asked for."""
    reasons: Annotated[tuple[_Text, ...], _list(16)] = ()
    """Why."""
    model_version: _Line = ""
    """Version in the model registry."""
    previous_champion: _Line = ""
    """Version that had the alias before."""


class TrackingStatus(_Answer):
    """Where the run is recorded in MLflow."""

    experiment_id: _Line = ""
    """Experiment."""
    run_id: _Line = ""
    """Run."""
    url: Annotated[str, _schema(maxLength=1024)] = ""
    """Page of the run."""


class Condition(_Answer):
    """One aspect of the state, by the Kubernetes convention."""

    always_written: ClassVar[frozenset[str]] = frozenset({"type", "status"})

    type: Annotated[str, _schema(minLength=1, maxLength=64)]
    """Accepted, Progressing, Suspended, Succeeded or Failed."""
    status: Annotated[str, _one_of("True", "False", "Unknown")]
    """Whether it holds."""
    reason: Annotated[str, _schema(maxLength=128)] = ""
    """One word for programs."""
    message: _Text = ""
    """A sentence that says what to do."""
    last_transition_time: _Time | None = None
    """When the status last changed."""
    observed_generation: _Whole = 0
    """Generation of the spec it speaks of."""


class Status(_Answer):
    """Where the run stands; written by the operator only."""

    observed_generation: _Whole = 0
    """Generation of the spec this speaks of."""
    phase: Annotated[str, _one_of(*PHASES)] = ""
    """Summary of the conditions."""
    model: _Line = ""
    """What is distilled: repository, path or registry address."""
    stage: _Line = ""
    """What runs now."""
    progress: _Line = ""
    """How far it is, such as 1250/2500 steps."""
    restarts: _Whole = 0
    """Attempts after the first, over all stages; a shard's own tries are counted by its Job."""
    resolved_spec: ResolvedReference | None = None
    """Where the complete spec of this run is frozen."""
    claim_uid: _Line = ""
    """The uid of the claim on which the results of finished stages lie."""
    reruns: _StringMap = Field(default_factory=dict)
    """Kind of stage -> nonce of the last rerun from there; a rerun from a later stage keeps what it made."""
    stages: Annotated[tuple[StageStatus, ...], _list(160, by="name")] = ()
    """Every stage of the graph."""
    results: Annotated[tuple[Result, ...], _list(8)] = ()
    """The comparison, by benchmark and grading; by difficulty in the report and in MLflow."""
    promotion: PromotionStatus | None = None
    """What the gate decided."""
    tracking: TrackingStatus | None = None
    """Where the run is recorded in MLflow."""
    conditions: Annotated[tuple[Condition, ...], _list(16, by="type")] = ()
    """Accepted, Progressing, Suspended, Succeeded, Failed."""
    start_time: _Time | None = None
    """When the first Job was made."""
    suspended_seconds: _Whole = 0
    """Time spent suspended so far, which the deadline does not count."""
    deadline: _Time | None = None
    """When the run is given up; none while it is suspended, because each suspension moves it."""
    completion_time: _Time | None = None
    """When the run ended."""
