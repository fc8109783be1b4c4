"""The config of `train`."""

from typing import Annotated, Literal

from pydantic import Field

from ssd_jobs.contract.base import ArtifactPath, LaterField, Model
from ssd_jobs.contract.config import Config, GangExecution

__all__ = [
    "Lora",
    "Tracking",
    "TrainConfig",
    "TrainExecution",
    "TrainScience",
]

Positive = Annotated[float, Field(gt=0)]


class Lora(Model):
    """Low-rank adapters, merged before export."""

    rank: Annotated[int, Field(ge=1)]
    alpha: Positive
    targets: tuple[str, ...]


class Tracking(Model):
    """Which MLflow run a stage writes to; credentials are in the environment."""

    uri: str
    experiment: str
    run_key: str
    """Finds the experiment's parent run again after any retry; it is a tag, never a run id."""
    run_name: str


class TrainScience(Model):
    """The recipe of the fine-tuning."""

    steps: Annotated[int, Field(ge=1)]
    global_batch_size: Annotated[int, Field(ge=1)]
    sequence_length: Annotated[int, Field(ge=2)]
    learning_rate: Positive
    min_learning_rate: Annotated[float, Field(ge=0)]
    warmup_steps: Annotated[int, Field(ge=0)]
    weight_decay: Annotated[float, Field(ge=0)]
    betas: tuple[float, float]
    grad_clip: Annotated[float, Field(ge=0)]
    """0: no clipping."""
    seed: int
    loss_weighting: Literal["Token", "Sequence"]
    compute_dtype: Literal["BFloat16", "Float32", "Float64"]
    lora: Lora | None
    export_every_steps: Annotated[int, Field(ge=0)]
    export_steps: Annotated[tuple[Annotated[int, Field(ge=1)], ...] | None, LaterField()]
    """Single steps after which the model is exported as well; None for none."""
    nll_tolerance: Positive
    """Nats by which the step-0 NLL may differ from the sampler's; at least 0.5 % of the mean is always allowed."""
    trust_remote_code: bool


class TrainExecution(GangExecution):
    """Where and how the gang runs."""

    gpus_per_node: Annotated[int, Field(ge=0)]
    """0: one process on the CPU, over gloo."""
    activation_checkpointing: Literal["None", "Selective", "Full"]
    """What backward computes again; it changes no bit."""
    pack_tokens: Annotated[int, Field(ge=0)]
    """Most tokens of one forward pass, which holds several documents; 0 leaves it to the stage."""
    compile: bool
    """Whether blocks are compiled; what they compute differs by rounding, as it does between devices."""
    kernels: Literal["Auto", "Fused", "Plain"]
    """Whether a GPU uses kernels in which several operations are one; they differ by rounding, as devices do."""
    rendezvous_timeout_s: Positive
    grace_period_s: Positive
    """Time from SIGTERM to the last moment at which a checkpoint must be durable."""
    checkpoint_every_steps: Annotated[int, Field(ge=0)]
    checkpoint_every_s: Annotated[float, Field(ge=0)]
    checkpoint_keep: Annotated[int, Field(ge=1)]
    tracking: Tracking | None
    """Given when loss and progress are to be seen in MLflow while training runs."""


class TrainConfig(Config):
    """Plain SFT on completion tokens, under torchrun's engine; this process is the launcher."""

    stage: Literal["train"]
    science: TrainScience
    model: ArtifactPath
    records: ArtifactPath
    output: ArtifactPath
    execution: TrainExecution
