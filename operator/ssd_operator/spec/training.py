"""How the model is fine-tuned on its own samples: plain cross-entropy on the completion's tokens."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from ssd_operator.spec.base import Section
from ssd_operator.spec.marks import Execution, Science
from ssd_operator.spec.pod import Pod
from ssd_operator.spec.sampling import Gpus
from ssd_operator.spec.scalars import Count, Duration, Key, Seed, Tokens, unique

__all__ = ["Checkpoint", "Export", "Lora", "Training"]

Steps = Annotated[int, Field(ge=1, le=10_000_000)]
Rate = Annotated[float, Field(gt=0, le=1)]


class Checkpoint(Section):
    """When training state is saved, so that a lost pod costs little."""

    mark = Execution

    every_steps: Annotated[int, Field(ge=0, le=10_000_000)] = 250
    """Save each time this many steps are done; 0 leaves it to the clock."""
    every: Duration = "30m"
    """Save when this much time has passed since the last checkpoint."""
    keep: Annotated[int, Field(ge=1, le=100)] = 2
    """Newest checkpoints to keep."""


class Export(Section):
    """Models written on the way, in Hugging Face layout."""

    mark = Science

    every_steps: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    """Export each time this many steps are done, never removed; 0 exports the last step only."""
    steps: Annotated[
        tuple[Steps, ...], Field(max_length=32, json_schema_extra={"x-kubernetes-list-type": "set"}), unique
    ] = ()
    """Export after these steps as well, never removed."""


class Lora(Section):
    """Low-rank adapters instead of full fine-tuning, which is what the paper does."""

    mark = Science

    rank: Annotated[int, Field(ge=0, le=4096)] = 0
    """Rank of the adapters; 0 trains all weights."""
    alpha: Annotated[float, Field(gt=0, le=65_536)] = 16.0
    """Scale of the adapters."""
    targets: Annotated[
        tuple[Key, ...], Field(max_length=32, json_schema_extra={"x-kubernetes-list-type": "set"}), unique
    ] = ()
    """Names of linear layers to adapt; empty adapts every one of the blocks. A model with experts needs names, since
    experts are no linear layers and cannot be adapted."""


def _tenth_of_steps(fields: dict[str, Any]) -> int:
    return int(fields["steps"]) // 10


def _fifth_of_rate(fields: dict[str, Any]) -> float:
    return float(fields["learning_rate"]) / 5


class Training(Section):
    """The fine-tuning run."""

    mark = Science

    nodes: Annotated[Count, Execution] = 1
    """Pods that train together."""
    gpus_per_node: Annotated[Gpus, Execution] = 1
    """GPUs of each pod; 0 trains on the CPU."""
    steps: Steps = 2500
    """Optimizer steps."""
    global_batch_size: Annotated[int, Field(ge=1, le=1_000_000)] = 32
    """Samples per optimizer step, whatever the packing and the number of GPUs."""
    sequence_length: Tokens = 65_536
    """Longest sequence that is trained on."""
    overlong: Literal["Truncate", "Drop"] = "Truncate"
    """What to do with samples longer than sequenceLength; the paper trains on samples that hit the cap."""
    learning_rate: Rate = 5e-6
    """Peak learning rate."""
    min_learning_rate: Annotated[float, Field(ge=0, le=1)] = Field(default_factory=_fifth_of_rate)
    """Where the cosine ends; by default a fifth of learningRate."""
    warmup_steps: Annotated[int, Field(ge=0, le=10_000_000)] = Field(default_factory=_tenth_of_steps)
    """Steps of linear warm-up; by default a tenth of steps."""
    weight_decay: Annotated[float, Field(ge=0, le=10)] = 0.1
    """AdamW weight decay."""
    betas: Annotated[
        tuple[Annotated[float, Field(ge=0, lt=1)], ...],
        Field(min_length=2, max_length=2, json_schema_extra={"x-kubernetes-list-type": "atomic"}),
    ] = (0.9, 0.95)
    """AdamW decay rates of the two moments."""
    grad_clip: Annotated[float, Field(ge=0, le=1_000_000)] = 1.0
    """Largest gradient norm; 0 does not clip."""
    seed: Seed = 0
    """Order of the samples, and the adapters' first values."""
    loss_weighting: Literal["Token", "Sequence"] = "Token"
    """Token: every token of a batch weighs the same; Sequence: every sample does."""
    compute_dtype: Literal["BFloat16", "Float32", "Float64"] = "BFloat16"
    """Type of the forward and backward pass; the weights themselves are always kept in 32 bits or more."""
    activation_checkpointing: Annotated[Literal["None", "Selective", "Full"], Execution] = "Selective"
    """How much of the forward pass is computed again to save memory."""
    pack_tokens: Annotated[int, Field(ge=0, le=16_777_216), Execution] = 0
    """Most tokens of one forward pass, in which several samples are trained on together; 0 chooses sequenceLength, or
    16,384 where that is less. A longer sample has a pass of its own. More is faster as far as the memory reaches."""
    compile: Annotated[bool, Execution] = False
    """Use torch.compile."""
    kernels: Annotated[Literal["Auto", "Fused", "Plain"], Execution] = "Auto"
    """Fused: on a GPU, norms, SwiGLU, rotary positions and the loss are one kernel each (liger-kernel's and our own);
    Plain: they are torch's operations; Auto: fused where that is possible."""
    lora: Lora = Lora()
    """Low-rank adapters instead of full fine-tuning."""
    checkpoint: Checkpoint = Checkpoint()
    """When training state is saved."""
    export: Export = Export()
    """Models written on the way."""
    nll_tolerance: Annotated[float, Field(gt=0, le=100)] = 0.02
    """Most by which the mean loss of the stored samples at step 0 may differ from what the sampler recorded, in nats;
    0.5 % of the mean if that is more. A larger difference stops the run: template, mask or weights are wrong."""
    max_attempts: Annotated[int, Field(ge=1, le=100), Execution] = 3
    """Failed attempts before the stage fails; disruptions by the cluster do not count."""
    pod: Pod = Pod()
    """Pods of the train stage."""
