"""Which samples stay: a decision on each, given out with the sample."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from ssd_jobs.artifacts import Artifact, tables
from ssd_jobs.contract import CurateScience
from ssd_jobs.programs import filtering
from ssd_jobs.programs.extraction import answer_of, extract
from ssd_jobs.programs.filtering import SampleDecision

__all__ = ["Row", "RunPrograms", "SampledProgram", "decided", "shortest_length"]

ORDER = [("problem_id", "ascending"), ("sample_index", "ascending")]
JUDGED = ["problem_id", "text", "answer_start", "finish_reason", "error"]
RECORDED = [
    "problem_id",
    "sample_index",
    "prompt_token_ids",
    "completion_token_ids",
    "finish_reason",
    "logprobs",
    "logprob_sum",
]
COLUMNS = list(dict.fromkeys([*RECORDED, *JUDGED]))
AT_ONCE = 64
"""Samples whose tokens are Python objects at a time; each may have tens of thousands."""

Row = dict[str, Any]
"""The columns of a sample that a record is made of."""
RunPrograms = Callable[[Sequence["SampledProgram"]], list[SampleDecision]]


@dataclass(frozen=True, slots=True)
class SampledProgram:
    """A program that parses and may be run."""

    problem_id: str
    code: str


def shortest_length(shards: Sequence[Artifact], science: CurateScience) -> int:
    """Return the length below which `Shortest` drops an answer: its share is one of all shards, not of each."""
    if science.filter != "Shortest":
        return 0
    texts = (text.strip() for shard in shards for text in shard.samples(columns=["text"])["text"].to_pylist())
    return filtering.cutoff([len(text) for text in texts if text], science.shortest_percent)


def decided(
    shard: Artifact, science: CurateScience, run: RunPrograms, *, shortest: int
) -> Iterator[tuple[Row, SampleDecision]]:
    """Yield every sample of a shard with its decision, in an order that does not depend on which finished first."""
    samples = shard.samples(columns=COLUMNS).sort_by(ORDER)
    decisions = _decide(tables.rows(samples.select(JUDGED)), science, run, shortest=shortest)
    yield from zip(_rows(samples.select(RECORDED)), decisions, strict=True)


def _rows(samples: pa.Table) -> Iterator[Row]:
    """Yield the rows of a table, few of them at a time as Python objects."""
    for batch in samples.to_batches(max_chunksize=AT_ONCE):
        yield from batch.to_pylist()


def _decide(rows: Sequence[Row], science: CurateScience, run: RunPrograms, *, shortest: int) -> list[SampleDecision]:
    """Decide on all samples of a shard; programs are run together, since many run at once."""
    parsed = science.filter in ("Syntax", "Execution")
    codes = [extract(answer_of(row), "Process") if parsed else None for row in rows]
    decisions = [_judge(row, science, code=code, shortest=shortest) for row, code in zip(rows, codes, strict=True)]
    if science.filter != "Execution":
        return decisions
    places = [place for place, decision in enumerate(decisions) if decision.keeps]
    found = run([SampledProgram(rows[place]["problem_id"], codes[place] or "") for place in places])
    for place, decision in zip(places, found, strict=True):
        decisions[place] = decision
    return decisions


def _judge(row: Row, science: CurateScience, *, code: str | None, shortest: int) -> SampleDecision:
    """Decide on one sample before anything is run."""
    if row["error"]:
        return SampleDecision.ERROR
    if row["finish_reason"] == "length" and science.truncated == "Drop":
        return SampleDecision.TRUNCATED
    return filtering.decide(science.filter, row["text"], code=code, shortest=shortest)
