"""The units of a shard: which problems it has, and what is asked for each."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from ssd_jobs.artifacts import shard_of

__all__ = ["TOO_LONG", "Prompt", "Unit", "derived_seed", "of_shard", "units"]

TOO_LONG = "prompt_too_long"
"""The error of a unit whose prompt leaves no room for an answer, and the name under which such units are counted."""
Unit = tuple[str, int]
"""A problem and the index of one of its samples."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A problem's prompt as the engine is given it."""

    problem_id: str
    token_ids: Sequence[int]


def of_shard(prompts: pa.Table, *, shard: int, shards: int) -> list[Prompt]:
    """Return a shard's prompts, in the order of the table."""
    ids = prompts["problem_id"].to_pylist()
    tokens = prompts["token_ids"]
    return [
        Prompt(problem_id, tokens[row].as_py())
        for row, problem_id in enumerate(ids)
        if shard_of(problem_id, shards) == shard
    ]


def units(prompts: Sequence[Prompt], samples: int) -> Iterator[tuple[Prompt, int]]:
    """Yield every unit; the samples of a prompt come together, so that an engine computes the prompt once."""
    for prompt in prompts:
        for index in range(samples):
            yield prompt, index


def derived_seed(*parts: str | int) -> int:
    """Return a seed of 63 bits that no two different lists of parts share in practice."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "big") >> 1
