"""Records: prompt and completion as token ids, cut to the length of a training sequence, and what was left out.

Their lengths are in a small table of their own: who plans or plots needs no tokens.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

from ssd_jobs.artifacts import Artifact
from ssd_jobs.artifacts.appending import TableWriter
from ssd_jobs.errors import BadInput
from ssd_jobs.stages.curate.decisions import UNEXERCISED, Reasons, samples

__all__ = ["Records"]

AT_ONCE = 64
"""Samples that are Python objects at a time; each may have tens of thousands of tokens."""
COLUMNS = [
    "problem_id",
    "sample_index",
    "prompt_token_ids",
    "completion_token_ids",
    "finish_reason",
    "logprobs",
    "logprob_sum",
]


@dataclass
class Records:
    """Writes records with their lengths and removed samples, and counts both."""

    kept: TableWriter
    lengths: TableWriter
    removed: TableWriter
    sequence_length: int
    overlong: Literal["Truncate", "Drop"]
    stops: frozenset[int]
    counts: Counter[str] = field(default_factory=Counter)
    sampled: Counter[str] = field(default_factory=Counter)
    """Problem -> samples."""
    left: Counter[str] = field(default_factory=Counter)
    """Problem -> records."""

    def add(self, shard: Artifact, reasons: Reasons) -> None:
        """Write one shard's samples, each as a record or as removed, by its reason."""
        decided = iter(reasons)
        for batch in samples(shard, COLUMNS).to_batches(max_chunksize=AT_ONCE):
            for row, reason in zip(batch.to_pylist(), decided, strict=False):
                self.sampled[row["problem_id"]] += 1
                self._take(row, reason, shard)

    def _take(self, row: dict[str, Any], reason: str, shard: Artifact) -> None:
        """Write one sample as a record, or as removed."""
        self.counts["samples"] += 1
        self.counts["unexercised"] += reason == UNEXERCISED
        reason = "" if reason == UNEXERCISED else reason
        room = self.sequence_length - len(row["prompt_token_ids"])
        length = len(row["completion_token_ids"])
        if not reason and (room < 1 or (length > room and self.overlong == "Drop")):
            reason = "overlong"
        if reason or not length:
            self._remove(row, reason or "empty")
        else:
            self._keep(row, min(length, room), shard)

    def _remove(self, row: dict[str, Any], reason: str) -> None:
        """Record what was left out and why."""
        self.counts[f"removed_{reason}"] += 1
        self.removed.add({"problem_id": row["problem_id"], "sample_index": row["sample_index"], "reason": reason})

    def _keep(self, row: dict[str, Any], length: int, shard: Artifact) -> None:
        """Write a record of the first `length` completion tokens."""
        completion = row["completion_token_ids"][:length]
        whole = length == len(row["completion_token_ids"])
        finished = whole and row["finish_reason"] == "stop"
        if finished and completion[-1] not in self.stops:
            raise BadInput(
                f"{shard.path}: sample {row['problem_id']}/{row['sample_index']} ends with token {completion[-1]}, "
                f"which ends nothing in this model; sample again with this model"
            )
        tokens = row["prompt_token_ids"] + completion
        self.kept.add(
            {
                "record_id": self.counts["records"],
                "problem_id": row["problem_id"],
                "sample_index": row["sample_index"],
                "token_ids": tokens,
                "prompt_length": len(row["prompt_token_ids"]),
                "finished": finished,
                "logprob_sum": row["logprob_sum"] if whole else float(sum(row["logprobs"][:length])),
            }
        )
        self.lengths.add({"record_id": self.counts["records"], "tokens": len(tokens), "loss_tokens": length})
        self.left[row["problem_id"]] += 1
        self.counts.update(records=1, tokens=len(tokens), loss_tokens=length, cut=not whole, finished=finished)

    def removals(self) -> str:
        """Return how many samples were left out for which reason, the most frequent first."""
        found = [(name, count) for name, count in self.counts.most_common() if name.startswith("removed_")]
        return ", ".join(f"{count} {name.removeprefix('removed_')}" for name, count in found) or "none came"

    def yields(self) -> dict[str, int | float]:
        """Return what share of the samples stayed, and how many problems have none left."""
        empty = sum(not self.left[problem] for problem in self.sampled)
        share = self.counts["records"] / self.counts["samples"] if self.counts["samples"] else 0.0
        return {"problems": len(self.sampled), "problems_left_empty": empty, "yield": share}
