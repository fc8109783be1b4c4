"""Which stored contexts are looked at: one sample of each of some problems, chosen by the seed."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from ssd_jobs.artifacts import Artifact, tables
from ssd_jobs.errors import BadInput

__all__ = ["StoredContext", "choose"]

COLUMNS = ["problem_id", "sample_index", "prompt_token_ids", "completion_token_ids", "error"]


@dataclass(frozen=True)
class StoredContext:
    """A prompt and the part of its completion whose next-token distributions are looked at."""

    problem_id: str
    tokens: tuple[int, ...]
    prompt_length: int


def choose(shards: Sequence[Artifact], *, problems: int, max_tokens: int, seed: int) -> list[StoredContext]:
    """Return the first usable sample of each chosen problem, cut after `max_tokens` tokens of its completion."""
    first: dict[str, tuple[int, StoredContext]] = {}
    for shard in shards:
        for row in tables.rows(shard.samples(columns=COLUMNS)):
            name, index = row["problem_id"], row["sample_index"]
            if row["error"] or not row["completion_token_ids"] or index >= first.get(name, (index + 1,))[0]:
                continue
            prompt, completion = row["prompt_token_ids"], row["completion_token_ids"][:max_tokens]
            first[name] = (index, StoredContext(name, (*prompt, *completion), len(prompt)))
    if not first:
        raise BadInput("samples: none has a completion, so there is no context to look at")
    order = sorted(first, key=lambda name: hashlib.sha256(f"{seed}:{name}".encode()).digest())
    return [first[name][1] for name in order[:problems]]
