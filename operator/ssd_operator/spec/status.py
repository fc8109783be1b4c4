"""What the operator answers: where the run stands and what was found. Measured numbers are texts."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field

from ssd_operator.spec.base import Section
from ssd_operator.spec.scalars import Key, Line, StringMap, Text

__all__ = [
    "Artifact",
    "Condition",
    "Delta",
    "JobReference",
    "Progress",
    "PromotionStatus",
    "ResolvedReference",
    "Result",
    "Score",
    "StageStatus",
    "Status",
    "TrackingStatus",
]

_Number = Annotated[str, Field(max_length=32)]
_Whole = Annotated[int, Field(ge=0, le=9_007_199_254_740_991)]
_Time = Annotated[str, Field(max_length=64, json_schema_extra={"format": "date-time"})]


def _map_by(*keys: str) -> dict[str, Any]:
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": list(keys)}


class _Answer(Section):
    """A part of the status: made by our own code, under Python's names."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)


class ResolvedReference(_Answer):
    """Where the complete spec of this run is frozen."""

    config_map: Line
    """ConfigMap that holds it."""
    digest: Line
    """Digest of the complete spec."""


class JobReference(_Answer):
    """A Job of a stage."""

    name: Key
    """Name of the Job."""
    uid: Line = ""
    """Its uid, once it exists."""


class Progress(_Answer):
    """How far a stage is."""

    unit: Line
    """What is counted, such as steps."""
    done: _Whole
    """How many are done."""
    total: _Whole
    """How many there are."""


class Artifact(_Answer):
    """What a stage wrote."""

    path: Line
    """Where it lies below the workspace."""
    digest: Line = ""
    """Digest of its content."""


class StageStatus(_Answer):
    """One stage of the graph."""

    always_written: ClassVar[frozenset[str]] = frozenset({"name", "phase"})

    name: Annotated[str, Field(min_length=1, max_length=63)]
    """Name of the stage, such as generate-base-lcb-v6."""
    kind: Line = ""
    """Kind of the stage, such as generate."""
    phase: Literal["Planned", "Pending", "Running", "Suspended", "Succeeded", "Failed", "Skipped"]
    """Where it stands; Planned means that nothing was begun."""
    key: Line = ""
    """The stage's recipe as a hash; equal keys on a claim share the work."""
    cached: Literal["", "Recorded", "Unknown"] = ""
    """Whether a live resource on the same claim has recorded a result of this key."""
    attempt: _Whole = 0
    """Which attempt this is, counted from 1."""
    failures: _Whole = 0
    """Attempts that failed for a reason of their own; disruptions do not count."""
    jobs: Annotated[tuple[JobReference, ...], Field(max_length=32)] = ()
    """Jobs of the attempt."""
    progress: Progress | None = None
    """How far it is."""
    artifact: Artifact | None = None
    """What it wrote."""
    digests: StringMap = Field(default_factory=dict)
    """What prepare resolved: part of the experiment, digest of its content."""
    start_time: _Time | None = None
    """When its first Job was made."""
    completion_time: _Time | None = None
    """When it ended."""
    message: Text = ""
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
    """What one benchmark says under one grading mode."""

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


class PromotionStatus(_Answer):
    """What the gate decided."""

    decision: Literal["Promoted", "Held", "Skipped"]
    """Promoted has the alias, Held does not, Skipped was not asked for."""
    reasons: Annotated[tuple[Text, ...], Field(max_length=16)] = ()
    """Why."""
    model_version: Line = ""
    """Version in the model registry."""
    previous_champion: Line = ""
    """Version that had the alias before."""


class TrackingStatus(_Answer):
    """Where the run is recorded in MLflow."""

    experiment_id: Line = ""
    """Experiment."""
    run_id: Line = ""
    """Run."""
    url: Annotated[str, Field(max_length=1024)] = ""
    """Page of the run."""


class Condition(_Answer):
    """One aspect of the state, by the Kubernetes convention."""

    always_written: ClassVar[frozenset[str]] = frozenset({"type", "status"})

    type: Annotated[str, Field(min_length=1, max_length=64)]
    """Accepted, Progressing, Suspended, Succeeded or Failed."""
    status: Literal["True", "False", "Unknown"]
    """Whether it holds."""
    reason: Annotated[str, Field(max_length=128)] = ""
    """One word for programs."""
    message: Text = ""
    """A sentence that says what to do."""
    last_transition_time: _Time | None = None
    """When the status last changed."""
    observed_generation: _Whole = 0
    """Generation of the spec it speaks of."""


class Status(_Answer):
    """Where the run stands; written by the operator only."""

    observed_generation: _Whole = 0
    """Generation of the spec this speaks of."""
    phase: Literal["", "Pending", "Planned", "Running", "Suspended", "Succeeded", "Failed"] = ""
    """Summary of the conditions."""
    model: Line = ""
    """What is distilled: repository, path or registry address."""
    stage: Line = ""
    """What runs now."""
    progress: Line = ""
    """How far it is, such as 1250/2500 steps."""
    resolved_spec: ResolvedReference | None = None
    """Where the complete spec of this run is frozen."""
    reruns: StringMap = Field(default_factory=dict)
    """Kind of stage -> nonce of the last rerun from there; a rerun from a later stage keeps what it made."""
    stages: Annotated[tuple[StageStatus, ...], Field(max_length=64, json_schema_extra=_map_by("name"))] = ()
    """Every stage of the graph."""
    results: Annotated[tuple[Result, ...], Field(max_length=8)] = ()
    """The comparison, by benchmark and grading; by difficulty in the report and in MLflow."""
    promotion: PromotionStatus | None = None
    """What the gate decided."""
    tracking: TrackingStatus | None = None
    """Where the run is recorded in MLflow."""
    conditions: Annotated[tuple[Condition, ...], Field(max_length=16, json_schema_extra=_map_by("type"))] = ()
    """Accepted, Progressing, Suspended, Succeeded, Failed."""
    start_time: _Time | None = None
    """When the first Job was made."""
    suspended_seconds: _Whole = 0
    """Time spent suspended so far, which the deadline does not count."""
    completion_time: _Time | None = None
    """When the run ended."""
