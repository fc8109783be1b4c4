"""A line of a shard's journal: finished rows, and by how much unfinished completions have grown.

Arrays are base64 of their bytes, which is short and exact to the last bit of a log-probability.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ssd_jobs.engine import Beginning
from ssd_jobs.sampling.units import Unit

__all__ = ["Kept", "Row", "read", "write"]

Row = dict[str, Any]
TOKEN, LOGPROB = np.dtype("<i4"), np.dtype("<f4")
ARRAYS = {"prompt_token_ids": TOKEN, "completion_token_ids": TOKEN, "logprobs": LOGPROB}


@dataclass
class Kept:
    """What is on disk of one unfinished completion, as bytes: thousands of long ones may be in flight."""

    token_ids: bytearray = field(default_factory=bytearray)
    logprobs: bytearray = field(default_factory=bytearray)
    entropy: float = 0.0

    @property
    def length(self) -> int:
        """How many tokens it has."""
        return len(self.token_ids) // TOKEN.itemsize

    def add(self, more: Beginning) -> None:
        """Append the tokens that follow."""
        self.token_ids += np.asarray(more.token_ids, dtype=TOKEN).tobytes()
        self.logprobs += np.asarray(more.logprobs, dtype=LOGPROB).tobytes()
        self.entropy = more.entropy

    def beginning(self) -> Beginning:
        """Return it as an engine takes it."""
        return Beginning(
            np.frombuffer(self.token_ids, dtype=TOKEN).tolist(),
            np.frombuffer(self.logprobs, dtype=LOGPROB).tolist(),
            self.entropy,
        )


def write(rows: Sequence[Row], grown: Mapping[Unit, Beginning]) -> bytes:
    """Return the line of one commit."""
    document = {
        "rows": [{**row, **{name: _packed(row[name], kind) for name, kind in ARRAYS.items()}} for row in rows],
        "grown": [
            [*unit, _packed(more.token_ids, TOKEN), _packed(more.logprobs, LOGPROB), more.entropy]
            for unit, more in grown.items()
        ],
    }
    return (json.dumps(document) + "\n").encode()


def read(line: bytes) -> tuple[list[Row], dict[Unit, Beginning]]:
    """Return what `write` was given."""
    document = json.loads(line)
    rows = [{**row, **{name: _unpacked(row[name], kind) for name, kind in ARRAYS.items()}} for row in document["rows"]]
    grown = {
        (problem_id, index): Beginning(_unpacked(tokens, TOKEN), _unpacked(logprobs, LOGPROB), entropy)
        for problem_id, index, tokens, logprobs, entropy in document["grown"]
    }
    return rows, grown


def _packed(values: Sequence[float], kind: np.dtype[Any]) -> str:
    return base64.b64encode(np.asarray(values, dtype=kind).tobytes()).decode()


def _unpacked(text: str, kind: np.dtype[Any]) -> list[Any]:
    values: list[Any] = np.frombuffer(base64.b64decode(text), dtype=kind).tolist()
    return values
