"""The config of `curate`: from raw samples to records and an order of training."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from ssd_jobs.contract.base import ArtifactPath, LaterField, Model
from ssd_jobs.contract.config import Config
from ssd_jobs.contract.grading import SandboxExecution
from ssd_jobs.contract.limits import ProgramLimits

__all__ = ["CurateConfig", "CurateScience"]


class CurateScience(Model):
    """The filter policy and what the order of training depends on."""

    filter: Literal["None", "Stub", "Shortest", "Syntax", "Execution"]
    shortest_percent: Annotated[float, Field(ge=0, lt=100)]
    truncated: Literal["Keep", "Drop"]
    overlong: Literal["Truncate", "Drop"]
    sequence_length: Annotated[int, Field(ge=2)]
    steps: Annotated[int, Field(ge=1)]
    global_batch_size: Annotated[int, Field(ge=1)]
    seed: int
    limits: Annotated[ProgramLimits | None, LaterField()]
    """What a program may use where the filter runs programs, and None elsewhere."""

    @model_validator(mode="after")
    def _limits_belong_to_programs(self) -> Self:
        """Refuse a filter that runs programs without limits, and limits that limit nothing."""
        if (self.filter == "Execution") != (self.limits is not None):
            raise ValueError("limits are given where the filter is Execution, and only there")
        return self


class CurateConfig(Config):
    """Merge the shards, filter and count, and write the batches of every optimizer step."""

    stage: Literal["curate"]
    science: CurateScience
    samples: ArtifactPath
    prompts: ArtifactPath
    model: ArtifactPath
    """For its tokenizer's end-of-sequence ids only."""
    output: ArtifactPath
    execution: SandboxExecution
