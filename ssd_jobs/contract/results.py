"""What a stage says at its end, in at most 4,096 bytes.

On a cluster this is the container's termination message; locally it is the last line of standard output.
"""

from typing import Annotated, Literal

from pydantic import Field

from ssd_jobs.contract.base import Model, Name
from ssd_jobs.contract.grading import Grading

__all__ = [
    "LIMIT",
    "BenchmarkResult",
    "Estimate",
    "ModelSize",
    "PrepareResult",
    "ReportResult",
    "Result",
    "SelectResult",
    "StageDone",
]

LIMIT = 4096
"""Kubernetes cuts a termination message there."""

Text = Annotated[str, Field(max_length=160)]


class Estimate(Model):
    """A share and its interval, as short decimal strings."""

    value: Annotated[str, Field(max_length=8)]
    ci: Annotated[str, Field(max_length=16)]


class BenchmarkResult(Model):
    """pass@1 of both arms on one benchmark under one grading mode."""

    benchmark: Name
    grading: Grading
    base: Estimate | None
    candidate: Estimate | None
    delta: Estimate | None


class ModelSize(Model):
    """How large the base model is."""

    parameters: Annotated[int, Field(ge=0)]
    """Its weights, tied ones once."""
    bytes: Annotated[int, Field(ge=0)]
    """Its files of weights."""
    layers: Annotated[int, Field(ge=0)]
    vocabulary: Annotated[int, Field(ge=0)]

    def __str__(self) -> str:
        """Return what a person reads in the status of prepare."""
        weights = f"{self.parameters:,} parameters, {self.bytes:,} bytes of weights"
        return f"{weights}, {self.layers} layers, vocabulary {self.vocabulary:,}"


class PrepareResult(Model):
    """What the parts turned out to be; later keys contain these digests."""

    stage: Literal["prepare"]
    digests: dict[str, str]
    """`model`, `prompts`, or a benchmark's name -> sha256."""
    size: ModelSize | None = None
    """None in what an older worker said, and for a family of models whose shape is not known."""


class StageDone(Model):
    """Any other stage: its evidence and one sentence."""

    stage: Name
    digest: str
    """Of the artifact, or of this shard; empty from the nodes of a gang that only lend their ranks to node 0."""
    message: Text


class SelectResult(Model):
    """The setting that was chosen for an arm, and what it scored where it was chosen."""

    stage: Literal["select"]
    digest: str
    message: Text
    setting: Name
    k: int
    value: Annotated[str, Field(max_length=24)]
    """pass@k on the select problems, in full: who compares choices must see equal ones as equal."""
    settings: int
    """Of how many it is the best."""
    problems: int


class ReportResult(Model):
    """The decision and the numbers that a person looks for first."""

    stage: Literal["report"]
    digest: str
    decision: Literal["Promoted", "Held", "Skipped"]
    reasons: Annotated[tuple[Text, ...], Field(max_length=8)]
    model_version: Annotated[str, Field(max_length=16)]
    previous_champion: Annotated[str, Field(max_length=16)]
    experiment_id: Annotated[str, Field(max_length=64)]
    run_id: Annotated[str, Field(max_length=64)]
    url: Annotated[str, Field(max_length=256)]
    results: Annotated[tuple[BenchmarkResult, ...], Field(max_length=8)]


Result = PrepareResult | StageDone | SelectResult | ReportResult
"""No two of them share their fields, so that a kind of stage without a result of its own has to be listed nowhere."""
