"""What later stages ask of the base model, and what of it the model's own config rules out.

Pure, and for both sides: `prepare` asks before anything is sampled, `ssd plan` and `ssd run` where the config is on
this machine, and the stages themselves when they load a model. All of them say the same sentence.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from ssd_jobs.contract.base import Model
from ssd_jobs.contract.training import Lora

__all__ = ["Demands", "Sequences", "refusals", "too_long", "untrainable", "vocabulary"]

Settings = Mapping[str, Any]
"""A model's config.json."""
RESCALED = ("final_logit_softcapping", "logits_scaling", "logit_scale", "lm_head_multiplier")
"""What changes logits after the head, which our loss would leave out."""
ATTENTION = ("full_attention", "sliding_attention")
"""The kinds of attention that keep the documents of a pack apart."""
EXPERTS = ("num_experts", "num_local_experts", "n_routed_experts")
UNSTRETCHED = ("default", "su", "longrope", "llama3", "yarn", "deepseek_yarn", "deepseek_llama_scaling")
"""Rotary embeddings whose `max_position_embeddings` is already the longest sequence, as vLLM reads them."""


class Sequences(Model):
    """The longest sequences of one place of the spec."""

    field: str
    """Such as `evaluation.benchmarks[lcb-v6]`."""
    max_sequence_tokens: Annotated[int, Field(ge=2)]


class Demands(Model):
    """Everything that is asked of a model besides its bytes."""

    engine: Literal["VLLM", "Transformers"]
    sequences: tuple[Sequences, ...]
    trained: bool
    """Whether there will be a candidate."""
    lora: Lora | None
    """Adapters instead of all weights."""


def refusals(settings: Settings, demands: Demands, gpus: Mapping[str, int]) -> Iterator[str]:
    """Yield a sentence per demand that this model cannot meet; `gpus` of one engine by the field that sets them."""
    if not settings.get("model_type"):
        yield "model.source: config.json names no model_type; give a model directory in Hugging Face layout"
    for each in demands.sequences:
        sentence = too_long(settings, each.max_sequence_tokens, demands.engine)
        if sentence:
            yield f"{each.field}.{sentence}"
    if demands.engine == "VLLM":
        yield from _indivisible(_text(settings), gpus)
    if demands.trained:
        yield from untrainable(settings, demands.lora)


def too_long(settings: Settings, tokens: int, engine: Literal["VLLM", "Transformers"]) -> str | None:
    """Return why an engine refuses sequences of so many tokens, None if it takes them."""
    positions = _positions(_text(settings), engine)
    if positions is None or tokens <= positions:
        return None
    return f"maxSequenceTokens: {tokens} is more than the model's {positions} positions; lower it"


def untrainable(settings: Settings, lora: Lora | None) -> Iterator[str]:
    """Yield why a model cannot be trained, or not with these adapters."""
    text, source = _text(settings), "model.source: config.json"
    method = _object(settings, "quantization_config").get("quant_method", "mxfp4")
    if method != "mxfp4":
        yield f"{source}: the weights are quantized ({method}) and cannot be trained; use the unquantized model"
    for name in RESCALED:
        if text.get(name) not in (None, 1, 1.0):
            yield f"{source}: {name} is set, and models that rescale their logits cannot be trained; use another model"
    if text.get("attn_logit_softcapping"):
        yield f"{source}: attn_logit_softcapping is set, and attention with it cannot be trained; use another model"
    kinds = text.get("layer_types")
    for kind in sorted({str(each) for each in kinds if each not in ATTENTION} if isinstance(kinds, list) else ()):
        yield f"{source}: layer_types has {kind}, which cannot be trained on packed documents; use another model"
    experts = next(filter(None, (text.get(name) for name in EXPERTS)), None)
    if lora is not None and not lora.targets and experts:
        yield (
            f"training.lora.targets: is empty, and the model's {experts} experts, which are no "
            "linear layers, would be left out; name layers of its attention, or train all weights with "
            "training.lora.rank 0"
        )


def vocabulary(settings: Settings) -> int | None:
    """Return how many tokens a model knows, None where its config does not say."""
    size = _text(settings).get("vocab_size")
    return size if isinstance(size, int) else None


def _indivisible(text: Settings, gpus: Mapping[str, int]) -> Iterator[str]:
    """Yield the fields whose GPUs cannot share the heads of attention out evenly, which vLLM insists on."""
    heads = text.get("num_attention_heads")
    pairs = text.get("num_key_value_heads") or heads
    for field, count in gpus.items():
        if count < 2 or not isinstance(heads, int) or not isinstance(pairs, int):
            continue
        if heads % count or (pairs % count and count % pairs):
            yield (
                f"{field}: {count} GPUs cannot share the model's {heads} heads of attention, {pairs} of them with "
                "keys, evenly; use fewer GPUs, and more shards"
            )


def _positions(text: Settings, engine: str) -> int | None:
    """Return the longest sequence that an engine takes, None where the config says nothing."""
    positions = text.get("max_position_embeddings")
    if not isinstance(positions, int) or engine == "Transformers":
        return positions if isinstance(positions, int) else None
    rope = _object(text, "rope_parameters") or _object(text, "rope_scaling")
    kind, factor = rope.get("rope_type", rope.get("type", "default")), rope.get("factor")
    if kind in UNSTRETCHED or not isinstance(factor, int | float) or not math.isfinite(factor):
        return positions
    return int(positions * factor)


def _text(settings: Settings) -> Settings:
    """Return the part of a config that is about text, for a model that knows more than that."""
    return _object(settings, "text_config") or settings


def _object(settings: Settings, name: str) -> Settings:
    """Return an object inside a config, an empty one where there is none."""
    found = settings.get(name)
    return found if isinstance(found, Mapping) else {}
