"""Records: prompt and completion as token ids, cut to the length of a training sequence, and what was left out.

Their lengths are in a small table of their own: who plans or plots needs no tokens.
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ssd_jobs.artifacts.appending import TableWriter
from ssd_jobs.contract.printable import brief
from ssd_jobs.errors import BadInput
from ssd_jobs.programs.filtering import SampleDecision
from ssd_jobs.stages.curate.decisions import Row

__all__ = ["Records"]


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
    _sources: list[tuple[str, int]] = field(default_factory=list)
    """Problem and sample of each record."""

    def add(self, row: Row, decision: SampleDecision, source: Path) -> None:
        """Take one sample as it was decided; one that leaves nothing to train on is removed all the same."""
        room = self.sequence_length - len(row["prompt_token_ids"])
        length = len(row["completion_token_ids"])
        self.sampled[row["problem_id"]] += 1
        self.counts["samples"] += 1
        self.counts["exercised"] += decision is SampleDecision.KEEP_EXERCISED
        self.counts["unexercised"] += decision is SampleDecision.KEEP_UNEXERCISED
        if not decision.keeps:
            self._remove(row, decision)
        elif room < 1 or (length > room and self.overlong == "Drop"):
            self._remove(row, SampleDecision.OVERLONG)
        elif not length:
            self._remove(row, SampleDecision.EMPTY)
        else:
            self._keep(row, min(length, room), source)

    def _remove(self, row: Row, reason: SampleDecision) -> None:
        """Record what was left out and why."""
        self.counts[f"removed_{reason}"] += 1
        identity = {"problem_id": row["problem_id"], "sample_index": row["sample_index"]}
        self.removed.add({**identity, "reason": str(reason)})

    def _keep(self, row: Row, length: int, source: Path) -> None:
        """Write a record of the first `length` completion tokens."""
        completion = row["completion_token_ids"][:length]
        whole = length == len(row["completion_token_ids"])
        finished = whole and row["finish_reason"] == "stop"
        if finished and completion[-1] not in self.stops:
            raise BadInput(
                f"{source}: sample {brief(row['problem_id'])}/{row['sample_index']} ends with token {completion[-1]}, "
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
        self._sources.append((row["problem_id"], row["sample_index"]))
        self.counts.update(records=1, tokens=len(tokens), loss_tokens=length, cut=not whole, finished=finished)

    def ordered(self) -> list[int]:
        """Return the record ids by problem and sample: an order that does not depend on the samples' shards."""
        return sorted(range(len(self._sources)), key=self._sources.__getitem__)

    def removals(self) -> str:
        """Return how many samples were left out for which reason, the most frequent first."""
        found = [(name, count) for name, count in self.counts.most_common() if name.startswith("removed_")]
        return ", ".join(f"{count} {name.removeprefix('removed_')}" for name, count in found) or "none came"

    def yields(self) -> dict[str, int | float]:
        """Return what share of the samples stayed, and how many problems have none left."""
        empty = sum(not self.left[problem] for problem in self.sampled)
        share = self.counts["records"] / self.counts["samples"] if self.counts["samples"] else 0.0
        return {"problems": len(self.sampled), "problems_left_empty": empty, "yield": share}
