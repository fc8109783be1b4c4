"""The config of `prepare`: one stage, several parts, each with a key of its own.

The model, the training prompts and each benchmark are artifacts by themselves, so that adding a benchmark does
not train again, and two experiments on one model share it.
"""

from typing import Annotated, Literal

from pydantic import Field

from ssd_jobs.contract.base import ArtifactPath, JsonMap, Key, LaterField, Model, Name
from ssd_jobs.contract.config import Config, Purpose, StageExecution
from ssd_jobs.contract.demands import Demands
from ssd_jobs.contract.memory import Hardware
from ssd_jobs.contract.sources import BenchmarkSource, ModelSource, ProblemSource

__all__ = [
    "BenchmarkPart",
    "BenchmarkScience",
    "ModelPart",
    "ModelScience",
    "PrepareConfig",
    "PrepareExecution",
    "PromptsPart",
    "PromptsScience",
    "Rendering",
    "Split",
]


class Rendering(Model):
    """How a problem becomes token ids; the same for training and evaluation."""

    prompt_mode: Literal["Chat", "Raw"]
    chat_template_args: JsonMap
    today: str
    """The day that a chat template is told it is, as YYYY-MM-DD."""
    template: str
    """`builtin:instruct`, `builtin:thinking`, or a file below the workspace."""


class ModelScience(Model):
    """What decides the model's bytes."""

    source: ModelSource
    trust_remote_code: bool


class PromptsScience(Model):
    """What decides the training prompts."""

    source: ProblemSource
    rendering: Rendering
    deduplicate: bool
    require_passed_column: str
    limit: int
    skip: Annotated[int | None, Field(ge=1), LaterField()]
    """How many problems are left out before those that are used; None leaves out none."""
    decontaminate: Literal["Report", "Drop", "Ignore"]
    sampled_as: Annotated[Literal["Chat", "Raw"] | None, LaterField()]
    """How the sampler speaks to the model, where that is another way than records and benchmarks do; None: as they."""


class Split(Model):
    """Which problems of a benchmark with a sweep are in one of its two parts; no problem is in both."""

    purpose: Purpose
    share: Annotated[float, Field(ge=0, lt=1)]
    """Share of each difficulty in the part to select on; 0 where another benchmark is for that."""


class BenchmarkScience(Model):
    """What decides a benchmark's prompts and tests."""

    source: BenchmarkSource
    rendering: Rendering
    expect_problems: Annotated[int | None, Field(ge=1), LaterField()]
    """How many problems there must be, in all parts together; None expects nothing."""
    split: Annotated[Split | None, LaterField()]
    """None: every problem."""
    asks: Annotated[Literal["Input"] | None, LaterField()]
    """What a model must give where a row holds code, an input and an output; None: the output."""


class ModelPart(Model):
    """The base model, as a directory that transformers and vLLM open."""

    key: Key
    output: ArtifactPath
    science: ModelScience


class PromptsPart(Model):
    """The training problems and their prompts."""

    key: Key
    output: ArtifactPath
    science: PromptsScience


class BenchmarkPart(Model):
    """A benchmark or a part of it: its problems and prompts, and, where only stages with a sandbox look, its tests."""

    name: Name
    """Its name among the digests."""
    benchmark: Name
    """The benchmark's own name."""
    key: Key
    output: ArtifactPath
    tests_output: ArtifactPath
    science: BenchmarkScience
    answered: bool
    """Its problems are graded by comparing answers; else by running programs. The other sort is refused."""
    apart_from: ArtifactPath | None
    """The benchmark on whose problems settings are selected; what this one shares with it is left out."""


class PrepareExecution(StageExecution):
    """Where prepare may look."""

    offline: bool
    """Never ask the hub; everything must be in the local cache or at a path."""
    tracking_uri: str
    """Needed for a `registry` source only."""
    gpus: dict[str, int]
    """GPUs of one engine, by the field of the spec that sets them."""
    hardware: Hardware
    """What the experiment is to run on: what cannot fit is refused before anything is sampled."""
    compiles_for: Literal["", "cpu", "cuda"]
    """For which device training compiles, in an image that this stage has, too; empty where it does not."""


class PrepareConfig(Config):
    """Resolve, de-duplicate, render, decontaminate, freeze."""

    stage: Literal["prepare"]
    model: ModelPart
    prompts: PromptsPart
    benchmarks: tuple[BenchmarkPart, ...]
    demands: Demands
    """What later stages ask of the model: what cannot be is refused here, before anything is sampled."""
    output: ArtifactPath
    execution: PrepareExecution
