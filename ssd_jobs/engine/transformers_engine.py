"""The engine for machines without vLLM: correct on any model that transformers loads, fast on small ones.

One rectangular batch with its keys and values. A finished sequence leaves a dead row; when enough rows are dead,
they are cut out and waiting prompts are prefilled and joined, shorter ones padded on the left and masked. Draws are
per request, so neither the batch nor a restart changes a sample.
"""

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from pydantic import JsonValue

from ssd_jobs.contract import Decode, EngineConfig, demands
from ssd_jobs.contract.printable import brief
from ssd_jobs.engine import Completion, PartialCompletion, Request, decoding
from ssd_jobs.engine.keyvalues import KeyValues
from ssd_jobs.errors import BadInput
from ssd_jobs.models import loading
from ssd_jobs.models.stops import stop_token_ids

__all__ = ["TransformersEngine"]

LARGEST_BATCH = 256
CACHE_BYTES = 4 * 2**30
SMALL = 50_000_000
"""Parameters below which threads cost more than they help."""
REFILL = 4
"""Refill when one row in so many is free: a prefill costs every running sequence a step."""
ARGUMENTS = {"dtype": str, "max_num_seqs": int, "attn_implementation": str}


@dataclass
class _Row:
    """A request in the batch."""

    request: Request
    submitted: float

    def __post_init__(self) -> None:
        self.tokens = list(self.request.beginning.token_ids)
        self.logprobs = list(self.request.beginning.logprobs)
        self.entropy = self.request.beginning.entropy


class TransformersEngine:
    """A model on one device."""

    def __init__(self, model: Path, engine: EngineConfig, *, gpus: int, max_sequence_tokens: int) -> None:
        _check(engine)
        self._device = torch.device("cuda" if gpus else "cpu")
        self._model = _load(model, engine, self._device)
        sentence = demands.too_long(self._model.config.to_dict(), max_sequence_tokens, "Transformers")
        if sentence:
            raise BadInput(sentence)
        self._stops = frozenset(stop_token_ids(model))
        self._waiting: deque[_Row] = deque()
        self._rows: list[_Row | None] = []
        self._cache = KeyValues(self._device)
        self._last = torch.empty(0, dtype=torch.long, device=self._device)
        self._decode: Decode | None = None
        self._batch = batch_size(self._model.config, self._model.dtype, max_sequence_tokens, engine)
        self.window = 2 * self._batch
        self.tokens = 0
        self.facts: dict[str, JsonValue] = {
            "engine": "Transformers",
            "device": str(self._device),
            "dtype": str(self._model.dtype).removeprefix("torch."),
            "max_num_seqs": self._batch,
            "stop_token_ids": list[JsonValue](sorted(self._stops)),
        }

    def begin(self, decode: Decode) -> None:
        """Use this setting from now on."""
        self._decode = decode

    def submit(self, request: Request) -> None:
        """Queue a request."""
        self._waiting.append(_Row(request, time.monotonic()))

    @torch.inference_mode()
    def step(self) -> list[Completion]:
        """Advance every sequence by a token, or prefill those for which there is room."""
        alive = [index for index, row in enumerate(self._rows) if row is not None]
        free = self._batch - len(alive)
        if self._waiting and (not alive or free * REFILL >= self._batch):
            return self._refill(alive, free)
        if not alive:
            return []
        if 2 * len(alive) <= len(self._rows):
            self._compact(alive)
        logits = self._cache.extend(self._model, self._last[:, None])
        return self._advance(logits, range(len(self._rows)))

    def begun(self, known: Mapping[int, int]) -> dict[int, PartialCompletion]:
        """Return what has been drawn of these requests."""
        rows = {row.request.id: row for row in self._rows if row is not None}
        return {
            number: PartialCompletion(
                rows[number].tokens[skipped:], rows[number].logprobs[skipped:], rows[number].entropy
            )
            for number, skipped in known.items()
            if number in rows and len(rows[number].tokens) > skipped
        }

    def _refill(self, alive: list[int], free: int) -> list[Completion]:
        """Prefill waiting prompts, longest first of those that are due, and join them to the batch."""
        self._compact(alive)
        rows = [self._waiting.popleft() for _ in range(min(free, len(self._waiting)))]
        joined = KeyValues(self._device)
        texts = [[*row.request.prompt, *row.tokens] for row in rows]
        logits = joined.prefill(self._model, texts)
        self.tokens += sum(map(len, texts))
        first = len(self._rows)
        self._cache.join(joined)
        self._rows += rows
        self._last = torch.cat([self._last, torch.zeros(len(rows), dtype=torch.long, device=self._device)])
        return self._advance(logits, range(first, len(self._rows)))

    def _compact(self, alive: list[int]) -> None:
        """Cut dead rows out."""
        if len(alive) < len(self._rows):
            self._cache.select(alive)
            self._last = self._last[alive]
            self._rows = [self._rows[index] for index in alive]

    def _advance(self, logits: torch.Tensor, places: range) -> list[Completion]:
        """Draw a token for these rows and take out the sequences that end with it."""
        assert self._decode is not None
        rows = [self._rows[place] for place in places]
        seeds = [row.request.seed if row else 0 for row in rows]
        numbers = decoding.uniforms(seeds, [len(row.tokens) if row else 0 for row in rows]).to(self._device)
        raw = logits.float().log_softmax(-1)
        entropies = -(raw.exp() * raw).nan_to_num(0.0).sum(-1)
        drawn, found = self._draw(logits, raw, entropies, numbers)
        self._last[places.start : places.stop] = drawn
        finished = []
        for place, row, token, logprob, entropy in zip(
            places, rows, map(int, found[0]), found[1], found[2], strict=True
        ):
            if row is None:
                continue
            row.tokens.append(token)
            row.logprobs.append(logprob)
            row.entropy += entropy
            self.tokens += 1
            if token in self._stops or len(row.tokens) >= row.request.max_tokens:
                finished.append(self._finished(row, stopped=token in self._stops))
                self._rows[place] = None
        return finished

    def _draw(
        self, logits: torch.Tensor, raw: torch.Tensor, entropies: torch.Tensor, numbers: torch.Tensor
    ) -> tuple[torch.Tensor, list[list[float]]]:
        """Return the tokens drawn, and on the host: tokens, their log-probabilities, entropies."""
        assert self._decode is not None
        if self._decode.top_k > 0 and self._decode.temperature > 0:
            drawn, sure = decoding.draw_among_best(logits, self._decode, numbers)
        else:
            drawn, sure = decoding.draw(logits, self._decode, numbers), torch.ones_like(entropies, dtype=torch.bool)
        chosen = raw.gather(1, drawn[:, None]).squeeze(1)
        *found, all_sure = to_host(torch.stack([drawn.double(), chosen.double(), entropies.double(), sure.double()]))
        if all(all_sure):
            return drawn, found
        drawn = decoding.draw(logits, self._decode, numbers)
        chosen = raw.gather(1, drawn[:, None]).squeeze(1)
        return drawn, to_host(torch.stack([drawn.double(), chosen.double(), entropies.double()]))

    def _finished(self, row: _Row, *, stopped: bool) -> Completion:
        """Return the outcome of a row."""
        return Completion(
            id=row.request.id,
            token_ids=row.tokens,
            logprobs=row.logprobs,
            finish="stop" if stopped else "length",
            entropy=row.entropy / len(row.tokens),
            seconds=time.monotonic() - row.submitted,
            seeded=True,
        )


def to_host(values: torch.Tensor) -> list[list[float]]:
    """Copy what a step found to the host: the device waits for the host here and nowhere else."""
    rows: list[list[float]] = values.tolist()
    return rows


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


def batch_size(config: Any, dtype: torch.dtype, max_sequence_tokens: int, engine: EngineConfig) -> int:
    """Return how many sequences of full length the keys and values have room for."""
    if "max_num_seqs" in engine.args:
        return int(engine.args["max_num_seqs"])
    text = config.get_text_config()
    heads = getattr(text, "num_key_value_heads", None) or text.num_attention_heads
    width = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    token = int(2 * text.num_hidden_layers * heads * width * dtype.itemsize)
    return max(1, min(LARGEST_BATCH, CACHE_BYTES // (token * max_sequence_tokens)))
