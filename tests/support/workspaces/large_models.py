"""Models of half a billion random parameters, which take 2 GB in float32, made without ever holding one."""

from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, LlamaConfig, Qwen3MoeConfig
from transformers.core_model_loading import revert_weight_conversion

from ssd_jobs.models.weight_writer import WeightWriter

COMMON: dict[str, Any] = {
    "vocab_size": 32_000,
    "hidden_size": 1024,
    "num_attention_heads": 16,
    "num_key_value_heads": 8,
    "head_dim": 64,
    "tie_word_embeddings": False,
}
SHAPES: dict[str, Any] = {
    "llama": lambda: LlamaConfig(**COMMON, intermediate_size=4096, num_hidden_layers=28),
    "qwen3-moe": lambda: Qwen3MoeConfig(
        **COMMON, num_experts=32, num_experts_per_tok=4, moe_intermediate_size=512, num_hidden_layers=8
    ),
}


def write(directory: Path, shape: str) -> Path:
    """Write config and weights, in bfloat16 and with a tensor for each expert."""
    config = SHAPES[shape]()
    config.save_pretrained(directory)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    due = revert_weight_conversion(model, dict(model.named_parameters()))
    writer = WeightWriter(directory, due, largest="200MB")
    for name, tensor in due.items():
        writer.write(name, torch.empty(tensor.shape, dtype=torch.bfloat16).uniform_(-0.05, 0.05))
    writer.finish()
    return directory
