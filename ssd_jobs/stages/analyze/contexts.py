"""Which contexts and positions are looked at: one generation of each arm for each of some held-out problems.

What one model wrote would be a place where it is at home and the other is not, so both write equally often. Positions
are spread over a whole generation: the beginning of a long one is thought alone.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from ssd_jobs.artifacts import Artifact, tables
from ssd_jobs.contract import files
from ssd_jobs.errors import BadInput

__all__ = ["Generations", "StoredContext", "choose", "spread"]

COLUMNS = ["problem_id", "sample_index", "prompt_token_ids", "completion_token_ids", "error"]
Tokens = npt.NDArray[np.int32]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Generations:
    """What an arm has generated, with its verdicts."""

    arm: str
    shards: Sequence[Artifact]
    verdicts: Sequence[Artifact]


@dataclass(frozen=True)
class StoredContext:
    """A prompt and what an arm answered, with the positions of the answer that are looked at."""

    problem_id: str
    arm: str
    passed: bool
    prompt: Tokens
    completion: Tokens
    offsets: Ints
    """Ascending places in the completion, whose tokens are to be predicted."""


@dataclass(frozen=True)
class _Answer:
    """The first usable sample of a problem."""

    index: int
    prompt: Tokens
    completion: Tokens


def choose(arms: Sequence[Generations], *, problems: int, positions: int, seed: int) -> list[StoredContext]:
    """Return a context of each arm for each chosen problem, problem by problem, in an order of the seed's."""
    answers = {each.arm: _first_answers(each.shards) for each in arms}
    passed = {each.arm: _passed(each.verdicts) for each in arms}
    common = set.intersection(*(set(found) for found in answers.values()))
    if not common:
        raise BadInput("generations: no problem has an answer of both arms, so there is no context to look at")
    order = sorted(common, key=lambda name: hashlib.sha256(f"{seed}:{name}".encode()).digest())
    return [
        StoredContext(
            problem_id=name,
            arm=arm,
            passed=(name, found[name].index) in passed[arm],
            prompt=found[name].prompt,
            completion=found[name].completion,
            offsets=spread(len(found[name].completion), positions, seed=f"{seed}:{name}:{arm}"),
        )
        for name in order[:problems]
        for arm, found in answers.items()
    ]


def spread(length: int, most: int, *, seed: str) -> Ints:
    """Return all places of a text, or one of each of `most` equal stretches of it."""
    if length <= most:
        return np.arange(length)
    edges = np.arange(most + 1) * length // most
    rng = np.random.default_rng(list(hashlib.sha256(seed.encode()).digest()))
    return np.asarray(rng.integers(edges[:-1], edges[1:]), dtype=np.int64)


def _first_answers(shards: Sequence[Artifact]) -> dict[str, _Answer]:
    """Return the first sample of every problem that has tokens; others are not held."""
    found: dict[str, _Answer] = {}
    for answer, name in (each for shard in shards for each in _usable(shard)):
        if name not in found or answer.index < found[name].index:
            found[name] = answer
    return found


def _usable(shard: Artifact) -> Iterator[tuple[_Answer, str]]:
    """Yield the samples of a shard that have tokens."""
    for part in shard.samples_by_part(columns=COLUMNS):
        for row in part.filter(pc.equal(part["error"], "")).to_batches(max_chunksize=1):
            [values] = row.to_pylist()
            prompt, completion = (np.array(values[f"{name}_token_ids"], np.int32) for name in ("prompt", "completion"))
            if len(completion):
                yield _Answer(values["sample_index"], prompt, completion), values["problem_id"]


def _passed(shards: Sequence[Artifact]) -> set[tuple[str, int]]:
    """Return the samples that passed."""
    columns = ["problem_id", "sample_index", "verdict"]
    rows = (row for each in shards for row in tables.rows(each.table(files.VERDICTS, tables.VERDICTS, columns=columns)))
    return {(row["problem_id"], row["sample_index"]) for row in rows if row["verdict"] == "pass"}
