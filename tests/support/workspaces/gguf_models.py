"""Small models as GGUF files, written as llama.cpp would write them."""

from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch
from gguf import GGMLQuantizationType as Kind
from transformers import AutoModelForCausalLM, LlamaConfig, Qwen2Config

__all__ = ["SPECIAL", "WORDS", "random_model", "write"]

BYTES = [chr(number) for number in range(33, 127)]
WORDS = [*BYTES, "Ġ", "Ċ", "he", "ll", "hell", "hello"]
MERGES = ["h e", "l l", "he ll", "hell o"]
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
TEMPLATE = "{% for message in messages %}<|im_start|>{{ message['content'] }}<|im_end|>{% endfor %}"
SIZES: dict[str, Any] = {
    "vocab_size": len(WORDS) + len(SPECIAL),
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128,
    "rms_norm_eps": 1e-6,
    "rope_parameters": {"rope_type": "default", "rope_theta": 50_000.0},
}
NAMES = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "lm_head": "output",
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
QUANTIZED = {"token_embd": Kind.Q4_0, "output": Kind.Q8_0, "attn_v": Kind.Q8_0, "ffn_down": Kind.Q5_0}
"""Matrices that are stored coarsely; all others are exact."""


def random_model(family: str, *, tied: bool) -> Any:
    """Return a small model with weights that are drawn, biases included."""
    torch.manual_seed(3)
    kind = {"qwen2": Qwen2Config, "llama": LlamaConfig}[family]
    model = AutoModelForCausalLM.from_config(kind(**SIZES, tie_word_embeddings=tied)).float().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    return model


def _theirs(name: str) -> tuple[str, str]:
    """Return the name of a weight in a GGUF file, whole and without block and kind."""
    stem, _, kind = name.rpartition(".")
    block = ""
    if stem.startswith("model.layers."):
        _, _, number, stem = stem.split(".", 3)
        block = f"blk.{number}."
    return f"{block}{NAMES[stem]}.{kind}", NAMES[stem]


def _beside_each_other(values: "np.ndarray[Any, Any]", heads: int) -> "np.ndarray[Any, Any]":
    """Return the rows of a rotated projection in the order of GGUF's llama family."""
    return values.reshape(heads, 2, -1, values.shape[1]).swapaxes(1, 2).reshape(values.shape)


def write(path: Path, family: str, model: Any, *, head: bool, extra: str = "") -> dict[str, torch.Tensor]:
    """Write a model as llama.cpp would, and return its weights as whoever dequantizes them finds them."""
    writer = gguf.GGUFWriter(path, family)
    config = model.config
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    _write_tokenizer(writer)
    found: dict[str, torch.Tensor] = {}
    weights = dict(model.state_dict())
    if head:
        weights["lm_head.weight"] = (
            weights["model.embed_tokens.weight"] if config.tie_word_embeddings else weights["lm_head.weight"]
        )
    elif config.tie_word_embeddings:
        weights.pop("lm_head.weight", None)
    for name, tensor in weights.items():
        stored, stem = _theirs(name)
        values = tensor.numpy()
        if family == "llama" and stem in ("attn_q", "attn_k"):
            heads = config.num_attention_heads if stem == "attn_q" else config.num_key_value_heads
            values = _beside_each_other(values, heads)
        kind = QUANTIZED.get(stem, Kind.F32) if values.ndim == 2 else Kind.F32
        data = values if kind == Kind.F32 else gguf.quantize(values, kind)
        writer.add_tensor(stored, data, raw_dtype=None if kind == Kind.F32 else kind)
        exact = stem in ("attn_q", "attn_k")
        found[name] = tensor if exact else torch.from_numpy(np.array(gguf.dequantize(data, kind)))
    if extra:
        writer.add_tensor(extra, np.ones(4, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return found


def _write_tokenizer(writer: gguf.GGUFWriter) -> None:
    """Add a byte-level tokenizer with four merges."""
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list([*WORDS, *SPECIAL])
    writer.add_token_types([1] * len(WORDS) + [3] * len(SPECIAL))
    writer.add_token_merges(MERGES)
    writer.add_bos_token_id(len(WORDS))
    writer.add_eos_token_id(len(WORDS) + 2)
    writer.add_pad_token_id(len(WORDS))
    writer.add_chat_template(TEMPLATE)
