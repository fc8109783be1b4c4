"""How solutions are drawn from the frozen base model, and what a decode setting is."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from ssd_operator.spec.base import Section
from ssd_operator.spec.marks import Execution, Science
from ssd_operator.spec.pod import Pod
from ssd_operator.spec.scalars import Count, FreeForm, Seed, Tokens

__all__ = ["EXECUTION_ARGUMENTS", "Decode", "Engine", "Gpus", "Sampling", "Temperature", "TopK", "TopP"]

Temperature = Annotated[float, Field(ge=0, le=100)]
TopK = Annotated[int, Field(ge=0, le=1_000_000)]
TopP = Annotated[float, Field(gt=0, le=1)]
Gpus = Annotated[int, Field(ge=0, le=64)]
Engine = Literal["VLLM", "Transformers"]


EXECUTION_ARGUMENTS: Final = frozenset(
    (
        "async_scheduling",
        "block_size",
        "cpu_offload_gb",
        "disable_custom_all_reduce",
        "distributed_executor_backend",
        "enable_chunked_prefill",
        "enable_expert_parallel",
        "enable_prefix_caching",
        "enforce_eager",
        "gpu_memory_utilization",
        "kv_cache_memory_bytes",
        "max_num_batched_tokens",
        "max_num_seqs",
        "max_parallel_loading_workers",
        "num_gpu_blocks_override",
        "pipeline_parallel_size",
        "swap_space",
    )
)
"""Arguments of the engines that are Execution within `engineArgs`: how fast, in how much memory, on how many devices.

Every other one is Science, also one that nobody has heard of yet: it may change the distribution that is sampled from.
"""


class Decode(Section):
    """One way to turn the model's distribution into text."""

    mark = Science

    temperature: Temperature
    """Divides the logits before the truncation; 0 is greedy."""
    top_k: TopK = 0
    """Keep the k most probable tokens; 0 keeps all."""
    top_p: TopP = 1.0
    """Keep the smallest set of tokens with this probability; 1 keeps all."""


class Sampling(Decode):
    """How the training samples are drawn from the base model: the paper's T_train and truncation."""

    samples_per_prompt: Annotated[int, Field(ge=1, le=1000)] = 1
    """Samples per problem; the paper draws one."""
    max_sequence_tokens: Tokens = 131_072
    """Longest prompt and completion together; a sample that reaches it counts as truncated."""
    prompt_mode: Literal["Same", "Raw", "Chat"] = "Same"
    """How the model is spoken to when training samples are drawn; Same is model.promptMode. With another one, records
    begin with the prompts of model.promptMode all the same, as the authors' code does: the step-0 guard, which compares
    likelihoods behind equal prompts, has nothing to compare then, and the manifest says so."""
    seed: Seed = 0
    """Every sample's random state derives from it, whatever the number of shards."""
    shards: Annotated[Count, Execution] = 8
    """Parts that are sampled independently, each by its own pod. What was begun in another number keeps it."""
    gpus_per_shard: Annotated[Gpus, Execution] = 1
    """GPUs of a shard, over which the engine splits the model; 0 samples on the CPU."""
    engine: Engine = "VLLM"
    """What generates; Transformers needs no vLLM, computes 256 sequences at a time at most, and is for small models."""
    engine_args: FreeForm = Field(default_factory=dict)
    """More arguments of the engine, passed through and recorded. Those of speed and memory, such as max_num_seqs or
    gpu_memory_utilization, are in no key; all others are."""
    max_error_fraction: Annotated[float, Field(ge=0, le=1), Execution] = 0.01
    """Largest share of problems that may fail, such as one whose prompt is too long, before the stage does; above 0
    that is always one problem."""
    pod: Pod = Pod()
    """Pods of the sample stage."""
