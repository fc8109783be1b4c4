"""The configs of `sample` and `generate`: the same machinery, on training prompts and on a benchmark."""

from typing import Annotated, Literal

from pydantic import Field

from ssd_jobs.contract.base import ArtifactPath, Key, Model, Name
from ssd_jobs.contract.config import Arm, Config, Decode, EngineArgs, EngineConfig, Purpose, StageExecution

__all__ = ["GenerateConfig", "GenerateScience", "GenerateSetting", "SampleConfig", "SampleScience", "ShardedExecution"]


class ShardedExecution(StageExecution):
    """How the processes of a stage that samples run."""

    shards: Annotated[int, Field(ge=1)]
    """Processes of the stage, and the shards of an artifact that it lays out; one that is laid out keeps its number."""
    gpus: Annotated[int, Field(ge=0)]
    """GPUs of one process, also the engine's tensor-parallel size; 0 is the CPU."""
    engine_args: EngineArgs
    """What the engine is told about speed and memory."""
    max_error_fraction: Annotated[float, Field(ge=0, le=1)]
    """Largest share of problems without a sample; above 0 that is always one problem."""
    hang_timeout_s: Annotated[float, Field(gt=0)]
    """The engine is given up when no token arrives for so long."""


class SampleScience(Model):
    """What decides the samples, as far as anything does."""

    decode: Decode
    samples_per_prompt: Annotated[int, Field(ge=1)]
    max_sequence_tokens: Annotated[int, Field(ge=2)]
    """Prompt and completion together."""
    seed: int
    engine: EngineConfig


class SampleConfig(Config):
    """Sample once per prompt from the frozen base model."""

    stage: Literal["sample"]
    science: SampleScience
    model: ArtifactPath
    prompts: ArtifactPath
    output: ArtifactPath
    execution: ShardedExecution


class GenerateScience(Model):
    """What decides the generations of one arm on one benchmark, besides the decode setting."""

    samples_per_problem: Annotated[int, Field(ge=1)]
    max_sequence_tokens: Annotated[int, Field(ge=2)]
    seed: int
    engine: EngineConfig


class GenerateSetting(Model):
    """One decode setting: an artifact of its own, so that one more setting costs one more."""

    name: Name
    decode: Decode
    key: Key
    output: ArtifactPath


class GenerateConfig(Config):
    """n samples per benchmark problem of one arm, for a list of decode settings with one engine start."""

    stage: Literal["generate"]
    arm: Arm
    benchmark: Name
    purpose: Purpose
    """Which of its problems; all are there to report on where it has no sweep."""
    science: GenerateScience
    settings: Annotated[tuple[GenerateSetting, ...], Field(min_length=1)]
    selection: ArtifactPath | None
    """Where it says which one of the settings to generate at; None: at all of them."""
    model: ArtifactPath
    prompts: ArtifactPath
    execution: ShardedExecution
