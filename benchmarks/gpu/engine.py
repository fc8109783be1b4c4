"""Tokens per second of the transformers engine, by the way it holds keys and values, and what one step is made of.

Three arms draw from the same prompts at the same seeds: in a rectangle that grows, in slots, and in slots with the
step as a CUDA graph. Each is measured with 80 and with 256 rows; the last one with long texts, too. Arms round
differently in the last digits, so a few rows may draw another token; from there on they are other texts.
"""

import gc
import logging
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from benchmarks.gpu import kernels, part
from benchmarks.gpu.code_model import code_model
from ssd_jobs.contract import Decode
from ssd_jobs.engine import Request
from ssd_jobs.engine.batches import Batch, Row
from ssd_jobs.engine.keyvalues import GrowingBatch
from ssd_jobs.engine.sampler import Sampler
from ssd_jobs.engine.slots import StaticBatch

__all__ = ["measure"]

DECODE = Decode(temperature=0.9, top_k=20, top_p=0.95)
WARM_UP = 6
"""Steps before the clock: a shape's first is as it is, its second captures."""
ARMS = ("growing", "slots", "captured")


@dataclass(frozen=True)
class Load:
    """What is sampled."""

    rows: int
    shortest: int
    longest: int
    """Tokens of prompts."""
    steps: int

    @property
    def columns(self) -> int:
        """Tokens of the longest text."""
        return self.longest + WARM_UP + self.steps + 8

    def requests(self, vocabulary: int) -> list[Request]:
        """Return prompts of lengths in between, the longest first."""
        span = self.longest - self.shortest
        return [
            Request(
                number,
                [100 + (number * 7919 + place * 31) % (vocabulary - 100) for place in range(self.longest - at)],
                WARM_UP + self.steps + 8,
                number,
            )
            for number, at in enumerate(span * row // max(1, self.rows - 1) for row in range(self.rows))
        ]


def measure(of: part.Part) -> None:
    """Measure every arm with every load."""
    logger, said = logging.getLogger("ssd_jobs.engine"), _Said(of)
    logger.addHandler(said)
    try:
        _measure(of, _load(of))
    finally:
        logger.removeHandler(said)


def _measure(of: part.Part, model: Any) -> None:
    loads = [Load(3, 4, 20, 8)] if of.tiny else [Load(256, 64, 300, 48), Load(80, 64, 300, 48)]
    rates: dict[str, Any] = {}
    texts: dict[tuple[str, int], dict[int, Row]] = {}
    for load in loads:
        for arm in reversed(ARMS):
            found, texts[arm, load.rows] = _arm(model, arm, load, profiled=of.gpus > 0, of=of)
            rates[f"{arm}, {load.rows} rows"] = found
            of.add("arms", rates)
        of.add(
            f"draws, {load.rows} rows",
            {
                f"{arm} against slots": _differences(texts[arm, load.rows], texts["slots", load.rows])
                for arm in ("growing", "captured")
            },
        )
    if not of.tiny:
        rates["captured, 256 rows, long"] = _arm(model, "captured", Load(256, 1200, 1480, 24), profiled=True, of=of)[0]
        of.add("arms", rates)
        of.add("attention_of_a_new_length_ms", _new_lengths())


class _Said(logging.Handler):
    """Puts what the engine logs among the results: that steps cannot be captured is one."""

    def __init__(self, of: part.Part) -> None:
        super().__init__(logging.WARNING)
        self._of = of

    def emit(self, record: logging.LogRecord) -> None:
        """Add one sentence."""
        self._of.add("log", [*self._of.found.get("log", []), record.getMessage()])


def _load(of: part.Part) -> Any:
    """Return the model on its device."""
    from ssd_jobs.models import loading

    begun = time.monotonic()
    model = loading.load(code_model(of), dtype="bfloat16" if of.gpus else "float32")
    model = model.to("cuda" if of.gpus else "cpu").eval()
    of.add("load_s", round(time.monotonic() - begun, 1))
    return model


def _batch(model: Any, arm: str, load: Load) -> Batch:
    """Return an arm's batch; what attends in the growing one is what transformers brings."""
    if arm == "growing":
        model.set_attn_implementation("sdpa")
        return GrowingBatch(model, load.rows)
    return StaticBatch(model, load.rows, load.columns, captured=arm == "captured")


def _arm(model: Any, arm: str, load: Load, *, profiled: bool, of: part.Part) -> tuple[dict[str, Any], dict[int, Row]]:
    """Return what one arm does with one load, and its rows by the number of their request."""
    import torch

    batch = _batch(model, arm, load)
    sampler = Sampler(batch, (), longest=load.columns)
    sampler.begin(DECODE)
    for request in load.requests(model.config.vocab_size):
        sampler.submit(request)
    begun = time.monotonic()
    sampler.step()
    prefill_s = time.monotonic() - begun
    for _ in range(WARM_UP):
        sampler.step()
    begun, drawn = time.monotonic(), sampler.tokens
    for _ in range(load.steps):
        sampler.step()
    seconds, drawn = time.monotonic() - begun, sampler.tokens - drawn
    rows = {row.request.id: _copy(row) for row in batch.rows if row is not None}
    found: dict[str, Any] = {
        "tokens_per_s": round(drawn / seconds),
        "step_ms": round(1000 * seconds / load.steps, 2),
        "first_step_s": round(prefill_s, 2),
    }
    if profiled:
        found["waits"] = _waits(sampler)
        found["allocated_gb"] = round(torch.cuda.max_memory_allocated() / 1e9, 2)
        torch.cuda.reset_peak_memory_stats()
        found["step"] = _profile(sampler, of, seconds / load.steps)
    del batch, sampler
    gc.collect()
    return found, rows


def _copy(row: Row) -> Row:
    """Return what has been drawn so far."""
    copy = Row(row.request, row.submitted)
    copy.tokens, copy.logprobs = list(row.tokens), list(row.logprobs)
    return copy


def _waits(sampler: Sampler) -> int:
    """Return how often the host waited for the device in one step."""
    import torch

    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        sampler.step()
        torch.cuda.set_sync_debug_mode("default")
    return sum("synchronizing" in str(each.message) for each in seen)


def _profile(sampler: Sampler, of: part.Part, seconds: float) -> dict[str, Any]:
    """Return what the GPU does in one step that takes so long without a profiler."""
    from torch.profiler import ProfilerActivity, profile

    trace = of.folder / "engine-trace.json"
    with profile(activities=[ProfilerActivity.CUDA]) as profiler:
        sampler.step()
    profiler.export_chrome_trace(str(trace))
    return kernels.summary(trace, seconds)


def _differences(some: dict[int, Row], others: dict[int, Row]) -> dict[str, Any]:
    """Return how two arms' draws differ: in how many rows, from which token on, and log-probabilities until there."""
    first, gaps = [], [0.0]
    for number, one in some.items():
        other = others[number]
        length = min(len(one.tokens), len(other.tokens))
        same = next((at for at in range(length) if one.tokens[at] != other.tokens[at]), length)
        first += [same] if same < length else []
        gaps += _gaps(one, other, same)
    return {
        "rows": len(some),
        "rows_that_differ": len(first),
        "first_difference": min(first, default=None),
        "largest_logprob_difference": round(max(gaps), 4),
        "mean_logprob_difference": round(sum(gaps) / len(gaps), 5),
    }


def _gaps(one: Row, other: Row, length: int) -> Iterator[float]:
    """Yield by how much the log-probabilities of the same tokens differ."""
    for mine, theirs in zip(one.logprobs[:length], other.logprobs[:length], strict=True):
        yield abs(mine - theirs)


def _new_lengths() -> dict[str, float]:
    """Return how long attention takes at lengths not seen before: a kernel that plans for each would show here."""
    import torch
    from torch.nn import functional
    from torch.nn.attention import sdpa_kernel

    from ssd_jobs.engine.slots import KERNELS

    def spent(lengths: range) -> float:
        torch.cuda.synchronize()
        begun = time.monotonic()
        for length in lengths:
            query = torch.zeros(80, 14, 1, 64, dtype=torch.bfloat16, device="cuda")
            key = torch.zeros(80, 14, length, 64, dtype=torch.bfloat16, device="cuda")
            mask = torch.ones(80, 1, 1, length, dtype=torch.bool, device="cuda")
            functional.scaled_dot_product_attention(query, key, key, attn_mask=mask)
        torch.cuda.synchronize()
        return round(1000 * (time.monotonic() - begun) / len(lengths), 2)

    spent(range(300, 301))  # loads the library
    chosen = {"as torch chooses": spent(range(301, 311))}
    with sdpa_kernel(KERNELS):
        spent(range(300, 301))
        return chosen | {"without cuDNN": spent(range(311, 321))}


if __name__ == "__main__":
    part.main(measure)
