"""The engine for machines without vLLM: correct on any model that transformers loads, fast on small ones.

How it holds keys and values is one rule (`_batch`): in slots where the device is a GPU and the model of a kind that
fits, else in a rectangle that grows. Neither changes what is drawn, up to the last digits of the logits.
"""

from pathlib import Path
from typing import Any

import torch
from pydantic import JsonValue

from ssd_jobs.contract import EngineConfig, demands
from ssd_jobs.contract.printable import brief
from ssd_jobs.engine import slots
from ssd_jobs.engine.batches import Batch
from ssd_jobs.engine.keyvalues import GrowingBatch
from ssd_jobs.engine.sampler import Sampler
from ssd_jobs.errors import BadInput
from ssd_jobs.models import loading
from ssd_jobs.models.stops import stop_token_ids

__all__ = ["TransformersEngine"]

LARGEST_BATCH = 256
CACHE_BYTES = 4 * 2**30
"""For keys and values that grow."""
SMALL = 50_000_000
"""Parameters below which threads cost more than they help."""
ARGUMENTS = {"dtype": str, "max_num_seqs": int, "attn_implementation": str}


class TransformersEngine(Sampler):
    """A model on one device."""

    def __init__(self, model: Path, engine: EngineConfig, *, gpus: int, max_sequence_tokens: int) -> None:
        _check(engine)
        loaded = _load(model, engine, torch.device("cuda" if gpus else "cpu"))
        sentence = demands.too_long(loaded.config.to_dict(), max_sequence_tokens, "Transformers")
        if sentence:
            raise BadInput(sentence)
        stops = stop_token_ids(model)
        super().__init__(_batch(loaded, max_sequence_tokens, engine), stops, longest=max_sequence_tokens)
        self.facts: dict[str, JsonValue] = {
            "engine": "Transformers",
            "device": str(loaded.device),
            "dtype": str(loaded.dtype).removeprefix("torch."),
            "max_num_seqs": self.batch.size,
            "stop_token_ids": list[JsonValue](sorted(stops)),
        }


def _batch(model: Any, max_sequence_tokens: int, engine: EngineConfig) -> Batch:
    """Return the batch for this model on its device."""
    if model.device.type == "cuda" and slots.fits(model.config):
        room = torch.cuda.mem_get_info()[0] // 2  # the other half is for activations and for what is drawn from
        size = batch_size(model.config, model.dtype, max_sequence_tokens, engine, room)
        return slots.StaticBatch(model, size, max_sequence_tokens, captured=True)
    return GrowingBatch(model, batch_size(model.config, model.dtype, max_sequence_tokens, engine))


def _check(engine: EngineConfig) -> None:
    """Refuse arguments that this engine does not have, and values that they cannot have."""
    for name, value in engine.args.items():
        kind = ARGUMENTS.get(name)
        if kind is None:
            raise BadInput(f"sampling.engineArgs.{name}: Transformers knows {', '.join(ARGUMENTS)}; remove it")
        if type(value) is not kind or value == "" or (isinstance(value, int) and value < 1):
            due = "a whole number above 0" if kind is int else "a word"
            raise BadInput(f"sampling.engineArgs.{name}: {brief(repr(value))} is not {due}; correct it")
    dtype = engine.args.get("dtype", "auto")
    if dtype != "auto" and not isinstance(getattr(torch, str(dtype), None), torch.dtype):
        raise BadInput(f"sampling.engineArgs.dtype: {dtype} is no type of numbers; name bfloat16, float16 or float32")


def _load(model: Path, engine: EngineConfig, device: torch.device) -> Any:
    """Return the model, ready to sample."""
    dtype = engine.args.get("dtype", "auto" if device.type == "cuda" else "float32")
    attention = (
        {"attn_implementation": engine.args["attn_implementation"]} if "attn_implementation" in engine.args else {}
    )
    found = loading.load(model, dtype=dtype, trust_remote_code=engine.trust_remote_code, **attention)
    if device.type == "cpu" and found.num_parameters() < SMALL:
        torch.set_num_threads(1)
    return found.to(device).eval()


def batch_size(
    config: Any, dtype: torch.dtype, max_sequence_tokens: int, engine: EngineConfig, room: int | None = None
) -> int:
    """Return how many sequences of full length there can be; where all their room is taken at once, no more fit."""
    asked = engine.args.get("max_num_seqs")
    if asked is not None and room is None:
        return int(asked)
    text = config.get_text_config()
    heads = getattr(text, "num_key_value_heads", None) or text.num_attention_heads
    width = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    token = int(2 * text.num_hidden_layers * heads * width * dtype.itemsize)
    fitting = (CACHE_BYTES if room is None else room) // (token * max_sequence_tokens)
    return max(1, min(int(asked or LARGEST_BATCH), fitting))
