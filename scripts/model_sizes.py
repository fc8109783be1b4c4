"""The table of docs/installation.md: how many GPUs a training on documents of 65,536 tokens needs, by the estimate.

The numbers of a model are those of its config.json on the hub, as far as the estimate reads them.
"""

from collections.abc import Iterator
from typing import Any, Final

from ssd_jobs.contract import memory
from ssd_jobs.contract.memory import Hardware
from ssd_jobs.contract.model_shape import Shape, shape_of

__all__ = ["CONFIGS", "GPUS", "fewest", "shape", "table"]

TOKENS: Final = 65_536
"""The paper's longest document in training."""
GPUS: Final = {"80 GB": 80 * 10**9, "141 GB": 141 * 10**9}
MOST: Final = 64
QWEN: Final = {"num_attention_heads": 32, "head_dim": 128, "vocab_size": 151_936}
CONFIGS: Final[dict[str, dict[str, Any]]] = {
    "Qwen3-4B": QWEN | {
        "model_type": "qwen3", "num_hidden_layers": 36, "hidden_size": 2560, "intermediate_size": 9728,
        "num_key_value_heads": 8, "tie_word_embeddings": True,
    },
    "Llama-3.1-8B": {
        "model_type": "llama", "num_hidden_layers": 32, "hidden_size": 4096, "intermediate_size": 14_336,
        "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 128_256,
        "tie_word_embeddings": False,
    },
    "gpt-oss-20b": {
        "model_type": "gpt_oss", "num_hidden_layers": 24, "hidden_size": 2880, "intermediate_size": 2880,
        "num_attention_heads": 64, "num_key_value_heads": 8, "head_dim": 64, "vocab_size": 201_088,
        "num_local_experts": 32, "num_experts_per_tok": 4, "tie_word_embeddings": False,
    },
    "Qwen3-30B-A3B": QWEN | {
        "model_type": "qwen3_moe", "num_hidden_layers": 48, "hidden_size": 2048, "intermediate_size": 6144,
        "moe_intermediate_size": 768, "num_key_value_heads": 4, "num_experts": 128, "num_experts_per_tok": 8,
        "tie_word_embeddings": False,
    },
    "Qwen2.5-32B": {
        "model_type": "qwen2", "num_hidden_layers": 64, "hidden_size": 5120, "intermediate_size": 27_648,
        "num_attention_heads": 40, "num_key_value_heads": 8, "vocab_size": 152_064, "tie_word_embeddings": False,
    },
}  # fmt: skip


def table() -> list[str]:
    """Return the lines of the table."""
    heads = ("model", "parameters", *(f"GPUs of {size}" for size in GPUS), "of it, inputs of the blocks")
    lines = (heads, tuple("---" for _ in heads), *(tuple(_cells(name)) for name in CONFIGS))
    return [f"| {' | '.join(line)} |" for line in lines]


def shape(name: str) -> Shape:
    """Return the shape of a model."""
    found = shape_of(CONFIGS[name])
    assert found is not None
    return found


def fewest(model: Shape, gpu_bytes: int) -> tuple[int, memory.TrainNeeds] | None:
    """Return the smallest power of two of GPUs on which the training fits, and what it takes there."""
    for count in (2**power for power in range(MOST.bit_length())):
        needs = memory.train_needs(model, _hardware(count, gpu_bytes))
        if memory.fits(needs.peak, gpu_bytes):
            return count, needs
    return None


def _cells(name: str) -> Iterator[str]:
    model = shape(name)
    yield from (name, f"{model.parameters / 1e9:.2f} B")
    for gpu_bytes in GPUS.values():
        found = fewest(model, gpu_bytes)
        yield f"more than {MOST}" if found is None else f"{found[0]}, with {found[1].peak / 1e9:.1f} GB each"
    yield f"{memory.train_needs(model, _hardware(1, 0)).kept / 1e9:.1f} GB"


def _hardware(count: int, gpu_bytes: int) -> Hardware:
    return Hardware(
        train_gpus=count, gpu_bytes=gpu_bytes, activation_checkpointing="Full", fused=True, compute_dtype="BFloat16",
        pack_tokens=TOKENS, lora=None, checkpoints=1, exports=1,
    )  # fmt: skip
