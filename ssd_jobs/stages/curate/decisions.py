"""Which samples stay, decided over all shards: a reason for each that does not."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from ssd_jobs.artifacts import Artifact, tables
from ssd_jobs.contract import CurateScience
from ssd_jobs.programs import filtering
from ssd_jobs.programs.extraction import extract

__all__ = ["UNEXERCISED", "Reasons", "SampledProgram", "decide", "samples"]

UNEXERCISED = "unexercised"
"""No reason to drop a program: it asked for an input that nobody has."""
ORDER = [("problem_id", "ascending"), ("sample_index", "ascending")]
SEEN = ["problem_id", "sample_index", "text", "finish_reason", "error"]

Reasons = list[str]
Runner = Callable[[Sequence["SampledProgram"]], list[str]]


@dataclass(frozen=True, slots=True)
class SampledProgram:
    """A program that parses and may be run."""

    problem_id: str
    code: str


def samples(shard: Artifact, columns: Sequence[str]) -> pa.Table:
    """Return a shard's samples in an order that does not depend on which finished first."""
    return shard.samples(columns=list(columns)).sort_by(ORDER)


def decide(shards: Sequence[Artifact], science: CurateScience, run: Runner) -> Iterator[Reasons]:
    """Yield the reasons of every shard, in the order of `samples`; an empty one means that the sample stays."""
    shortest = filtering.cutoff(_lengths(shards), science.shortest_percent) if science.filter == "Shortest" else 0
    for shard in shards:
        rows = tables.rows(samples(shard, SEEN))
        codes = [extract(row["text"], "Process") if science.filter in ("Syntax", "Execution") else None for row in rows]
        reasons = [_reason(row, science, code=code, shortest=shortest) for row, code in zip(rows, codes, strict=True)]
        if science.filter == "Execution":
            places = [place for place, reason in enumerate(reasons) if not reason]
            found = run([SampledProgram(rows[place]["problem_id"], codes[place] or "") for place in places])
            for place, reason in zip(places, found, strict=True):
                reasons[place] = reason
        yield reasons


def _reason(row: dict[str, str], science: CurateScience, *, code: str | None, shortest: int) -> str:
    """Return why one sample is left out before anything is run."""
    if row["error"]:
        return "error"
    if row["finish_reason"] == "length" and science.truncated == "Drop":
        return "truncated"
    return filtering.reason(science.filter, row["text"], code=code, shortest=shortest)


def _lengths(shards: Sequence[Artifact]) -> list[int]:
    """Return the lengths of all answers that are not empty: `Shortest` is a share of the whole, not of a shard."""
    columns = (shard.samples(columns=["text"])["text"] for shard in shards)
    return [len(text.strip()) for column in columns for text in column.to_pylist() if text.strip()]
