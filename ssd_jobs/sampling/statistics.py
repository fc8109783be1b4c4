"""What a shard looks like so far: throughput, lengths, truncation, likelihood, and what became of the text."""

import hashlib
import math
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.compute as pc

from ssd_jobs.artifacts import tables
from ssd_jobs.programs.extraction import answer_of, cut_while_thinking, extract
from ssd_jobs.programs.filtering import parses
from ssd_jobs.sampling.store import Row
from ssd_jobs.sampling.units import TOO_LONG

__all__ = ["Statistics"]

TOKENS = ["prompt_token_ids", "completion_token_ids"]
COUNTED = ["text", "answer_start", "finish_reason", "logprob_sum", "entropy_mean", "error"]
QUANTILES = {"length_p50": 50, "length_p90": 90, "length_p99": 99}


class Statistics:
    """Sums over the rows of this run; a resumed run counts from its own start."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._started = clock()
        self._lengths: list[int] = []
        self._distinct: set[bytes] = set()
        self._sums = dict.fromkeys(
            (
                "rows",
                "errors",
                TOO_LONG,
                "truncated",
                "cut_while_thinking",
                "prompt_tokens",
                "completion_tokens",
                "code_block",
                "parses",
            ),
            0,
        )
        self._logprob = 0.0
        self._entropy = 0.0
        self._entropies = 0

    def add(self, row: Row) -> None:
        """Count a row."""
        self._count(row, len(row["prompt_token_ids"]), len(row["completion_token_ids"]))

    def add_part(self, part: Path) -> None:
        """Count the rows of a part; millions of tokens stay what they are on disk, and only their number is taken."""
        data = tables.read(tables.SAMPLES, part, columns=[*TOKENS, *COUNTED])
        lengths = [pc.list_value_length(data[name]).to_pylist() for name in TOKENS]
        for row, prompt, length in zip(tables.rows(data.select(COUNTED)), *lengths, strict=True):
            self._count(row, prompt, length)

    def _count(self, row: Row, prompt: int, length: int) -> None:
        """Count a row of which only the number of tokens is known."""
        sums = self._sums
        sums["rows"] += 1
        if row["error"]:
            sums["errors"] += 1
            sums[TOO_LONG] += row["error"] == TOO_LONG
            return
        self._lengths.append(length)
        sums["prompt_tokens"] += prompt
        sums["completion_tokens"] += length
        sums["truncated"] += row["finish_reason"] == "length"
        sums["cut_while_thinking"] += cut_while_thinking(row)
        self._logprob += row["logprob_sum"]
        if not math.isnan(row["entropy_mean"]):
            self._entropy += row["entropy_mean"]
            self._entropies += 1
        self._distinct.add(hashlib.blake2b(row["text"].encode("utf-8", "surrogatepass"), digest_size=8).digest())
        code = extract(answer_of(row), "Process")
        sums["code_block"] += code is not None
        sums["parses"] += code is not None and parses(code)

    def values(self) -> dict[str, float]:
        """Return everything as numbers for the progress, the metrics and the report."""
        sums, seconds = self._sums, max(self._clock() - self._started, 1e-9)
        sampled = sums["rows"] - sums["errors"]
        values: dict[str, float] = {
            "errors": sums["errors"],
            "output_tokens_per_s": sums["completion_tokens"] / seconds,
            "prompt_tokens_per_s": sums["prompt_tokens"] / seconds,
        }
        if sampled:
            lengths = np.array(self._lengths)
            values |= {name: float(np.percentile(lengths, share)) for name, share in QUANTILES.items()}
            values |= {
                "length_max": float(lengths.max()),
                "truncated_share": sums["truncated"] / sampled,
                "cut_while_thinking_share": sums["cut_while_thinking"] / sampled,
                "mean_nll": -self._logprob / sums["completion_tokens"],
                "code_block_share": sums["code_block"] / sampled,
                "parse_share": sums["parses"] / sampled,
                "distinct_share": len(self._distinct) / sampled,
            }
        if self._entropies:
            values["mean_entropy"] = self._entropy / self._entropies
        return values

    def counts(self) -> dict[str, int | float]:
        """Return the sums that a report adds up over shards."""
        return {"samples": self._sums["rows"], **{name: value for name, value in self._sums.items() if name != "rows"}}
