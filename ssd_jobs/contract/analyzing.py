"""The config of `analyze`: both models' distributions on held-out contexts."""

from typing import Annotated, Literal

from pydantic import Field

from ssd_jobs.contract.base import ArtifactPath, Model
from ssd_jobs.contract.config import Config, Decode, StageExecution
from ssd_jobs.contract.reporting import Evaluation

__all__ = ["AnalyzeConfig", "AnalyzeExecution", "AnalyzeScience", "Truncation"]


class Truncation(Model):
    """Which tokens of a tempered distribution may be sampled: top-k, then top-p inside the top-k survivors."""

    top_k: Annotated[int, Field(ge=0)]
    top_p: Annotated[float, Field(gt=0, le=1)]


class AnalyzeScience(Model):
    """Which contexts and positions are looked at, and how."""

    problems: Annotated[int, Field(ge=1)]
    positions: Annotated[int, Field(ge=1)]
    """Of each generation, spread over all of it."""
    temperatures: Annotated[tuple[Annotated[float, Field(gt=0)], ...], Field(min_length=1)]
    truncation: Truncation | None
    """Under which surviving tokens and their entropy are counted; None where no decode of the run truncates."""
    sampling: Decode
    """The setting of the training samples: what the candidate was trained towards."""
    replicates: Annotated[int, Field(ge=1)]
    """Draws of the bootstrap over problems."""
    seed: int
    trust_remote_code: bool


class AnalyzeExecution(StageExecution):
    """Where the two models are evaluated."""

    gpus: Annotated[int, Field(ge=0)]


class AnalyzeConfig(Config):
    """Lock and fork statistics of base and candidate on the same contexts: what both have generated for a benchmark."""

    stage: Literal["analyze"]
    science: AnalyzeScience
    base: ArtifactPath
    candidate: ArtifactPath
    evaluations: tuple[Evaluation, Evaluation]
    """One of each arm, at the setting that was fixed before the run."""
    output: ArtifactPath
    execution: AnalyzeExecution
