"""A GGUF file of the qwen2 or llama family as a Hugging Face folder with safetensors.

Every tensor is dequantized by the library `gguf` and rounded once, to the numbers that the folder holds. Where a file
has both the embedding and a head that is a copy of it, quantized in another way, the model is tied and gets the finer
of the two. What the file has beyond what these families need is refused: it would be left out in silence.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gguf import GGML_QUANT_SIZES, GGUFReader, ReaderTensor, dequantize
from numpy.typing import NDArray
from safetensors.torch import save_file
from tokenizers import normalizers
from transformers import AutoConfig, AutoTokenizer, GenerationConfig

FAMILIES = {"qwen2": "Qwen2ForCausalLM", "llama": "LlamaForCausalLM"}
WEIGHTS = "model.safetensors"
TOKENS = ("bos_token_id", "eos_token_id", "pad_token_id")
EMBEDDING, HEAD = "token_embd.weight", "output.weight"
WHOLE = {
    EMBEDDING: "model.embed_tokens.weight",
    "output_norm.weight": "model.norm.weight",
    HEAD: "lm_head.weight",
}
PER_BLOCK = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
COMPARED_ROWS = 256
SAME = 0.2
"""Two quantizations of one matrix differ by less than this share of it; unrelated ones by more than all of it."""


class Refused(Exception):
    """The file is none that becomes a folder; the message is for people."""


@dataclass(frozen=True)
class Source:
    """A GGUF file that was opened."""

    path: Path
    reader: GGUFReader

    @staticmethod
    def open(path: Path) -> Source:
        """Open a file of a family that we know."""
        try:
            source = Source(path, GGUFReader(path))
        except (ValueError, OSError) as error:
            raise Refused(f"{path}: is no GGUF file ({error})") from None
        if source.family not in FAMILIES:
            raise Refused(f"{path}: is a {source.family} model; {' and '.join(FAMILIES)} are known")
        if any(name.startswith(f"{source.family}.rope.scaling") for name in source.reader.fields):
            raise Refused(f"{path}: has scaled rotary embeddings, which are not known here")
        return source

    @property
    def family(self) -> str:
        """The architecture."""
        return str(self.value("general.architecture"))

    @property
    def tensors(self) -> dict[str, ReaderTensor]:
        """The tensors by their names."""
        return {tensor.name: tensor for tensor in self.reader.tensors}

    def value(self, name: str, default: Any = None) -> Any:
        """Return a fact of the file."""
        field = self.reader.get_field(name)
        if field is None and default is None:
            raise Refused(f"{self.path}: does not say {name}")
        return default if field is None else field.contents()

    def own(self, name: str, default: Any = None) -> Any:
        """Return a fact of the architecture."""
        return self.value(f"{self.family}.{name}", default)


def convert(path: Path, output: Path, *, dtype: torch.dtype = torch.bfloat16) -> None:
    """Write config, tokenizer and weights of a GGUF file into a folder."""
    source = Source.open(path)
    weights = dict(_weights(source, dtype))
    settings = _settings(source, tied="lm_head.weight" not in weights, dtype=dtype)
    output.mkdir(parents=True, exist_ok=True)
    AutoConfig.for_model(source.family, **settings).save_pretrained(output)
    GenerationConfig(**{name: value for name, value in settings.items() if name in TOKENS}).save_pretrained(output)
    _tokenizer(source).save_pretrained(output)
    save_file(weights, output / WEIGHTS, metadata={"format": "pt"})
    (output / WEIGHTS).chmod(0o644)


def _tokenizer(source: Source) -> Any:
    """Return the tokenizer as transformers reads it from the file."""
    found = AutoTokenizer.from_pretrained(source.path.parent, gguf_file=source.path.name)
    if source.family == "qwen2":
        # What the file does not say, and what the reader of it leaves out.
        found.backend_tokenizer.normalizer = normalizers.NFC()
    return found


def _weights(source: Source, dtype: torch.dtype) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield every weight under its name in the folder."""
    tensors = source.tensors
    head = tensors.get(HEAD)
    tied = head is None or _is_copy(tensors[EMBEDDING], head)
    if tied and head is not None and _bits(head) > _bits(tensors[EMBEDDING]):
        tensors[EMBEDDING] = head
    if tied:
        tensors.pop(HEAD, None)
    names = _names(source, list(tensors))
    for name, tensor in tensors.items():
        values = dequantize(tensor.data, tensor.tensor_type)
        if source.family == "llama" and name.endswith(("attn_q.weight", "attn_k.weight")):
            values = _rotary_halves(values, source.own("attention.head_count" + ("_kv" if "attn_k" in name else "")))
        yield names[name], torch.from_numpy(np.array(values, dtype=np.float32)).to(dtype)


def _names(source: Source, found: list[str]) -> dict[str, str]:
    """Return what each tensor is called in the folder; one that has no name there is refused."""
    known = dict(WHOLE)
    for block in range(source.own("block_count")):
        for theirs, ours in PER_BLOCK.items():
            biased = source.family == "qwen2" and theirs in ("attn_q", "attn_k", "attn_v")
            for kind in ("weight", "bias") if biased else ("weight",):
                known[f"blk.{block}.{theirs}.{kind}"] = f"model.layers.{block}.{ours}.{kind}"
    unknown, missing = sorted(set(found) - known.keys()), sorted(known.keys() - {HEAD} - set(found))
    if unknown or missing:
        what = f"has {unknown[0]}, which {source.family} has not" if unknown else f"lacks {missing[0]}"
        raise Refused(f"{source.path}: {what}")
    return known


def _rotary_halves(values: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """Return rows in transformers' order: GGUF has the two numbers that are rotated together beside each other."""
    pairs = values.reshape(heads, values.shape[0] // heads // 2, 2, values.shape[1])
    return pairs.swapaxes(1, 2).reshape(values.shape)


def _is_copy(embedding: ReaderTensor, head: ReaderTensor) -> bool:
    """Tell whether two tensors are one matrix, quantized twice."""
    one, other = (dequantize(each.data[:COMPARED_ROWS], each.tensor_type) for each in (embedding, head))
    return one.shape == other.shape and bool(np.linalg.norm(one - other) < SAME * np.linalg.norm(other))


def _bits(tensor: ReaderTensor) -> float:
    """Return how many bits a number has."""
    numbers, size = GGML_QUANT_SIZES[tensor.tensor_type]
    return 8 * size / numbers


def _settings(source: Source, *, tied: bool, dtype: torch.dtype) -> dict[str, Any]:
    """Return what the model's config says."""
    heads, width = source.own("attention.head_count"), source.own("embedding_length")
    end = source.value("tokenizer.ggml.eos_token_id")
    return {
        "architectures": [FAMILIES[source.family]],
        "hidden_size": width,
        "intermediate_size": source.own("feed_forward_length"),
        "num_hidden_layers": source.own("block_count"),
        "num_attention_heads": heads,
        "num_key_value_heads": source.own("attention.head_count_kv", heads),
        "head_dim": source.own("attention.key_length", width // heads),
        "rms_norm_eps": source.own("attention.layer_norm_rms_epsilon"),
        "rope_parameters": {"rope_type": "default", "rope_theta": source.own("rope.freq_base", 10_000.0)},
        "max_position_embeddings": source.own("context_length"),
        "vocab_size": int(source.tensors[EMBEDDING].shape[1]),
        "tie_word_embeddings": tied,
        "bos_token_id": source.value("tokenizer.ggml.bos_token_id", end),
        "eos_token_id": sorted({end, source.value("tokenizer.ggml.eot_token_id", end)}),
        "pad_token_id": source.value("tokenizer.ggml.padding_token_id", end),
        "dtype": str(dtype).removeprefix("torch."),
    }
