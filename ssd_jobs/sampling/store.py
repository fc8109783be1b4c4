"""What is sampled so far, on disk: parquet parts of finished chunks, and a journal of the chunk that fills.

A line of `journal-00003.jsonl` is one commit: the units that finished since the last one, and the tokens by which
those in flight have grown. A line is there or torn, and a torn one is cut off, so what is on disk is always the
shard as it stood at one moment; otherwise lengths would be biased, as `loop` explains. The rows of a journal become
`part-00003.parquet` in one rename; before that the next journal is begun with what is in flight, and a journal whose
number is not that of the next part is a leftover. Every start is counted in `starts.jsonl`, because an engine's seed
must differ from one start to the next; the engines that sampled are in `engines.jsonl`, because the last start may
need none.
"""

import base64
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import JsonValue

from ssd_jobs.artifacts import Draft, lines, tables
from ssd_jobs.contract import files
from ssd_jobs.engine import NO_TOKENS, PartialCompletion
from ssd_jobs.sampling.units import Unit

__all__ = ["CHUNK", "Row", "Store", "dump_commit", "load_commit"]

Row = dict[str, Any]

CHUNK = 256
"""Rows of a part."""
STARTS = "starts.jsonl"
ENGINES = "engines.jsonl"
TOKEN, LOGPROB = np.dtype("<i4"), np.dtype("<f4")
ARRAYS = {"prompt_token_ids": TOKEN, "completion_token_ids": TOKEN, "logprobs": LOGPROB}


@dataclass
class _StoredTokens:
    """The tokens of one unfinished completion, as bytes: thousands of long ones may be in flight."""

    token_ids: bytearray = field(default_factory=bytearray)
    logprobs: bytearray = field(default_factory=bytearray)
    entropy: float = 0.0

    @property
    def length(self) -> int:
        """How many tokens it has."""
        return len(self.token_ids) // TOKEN.itemsize

    def add(self, more: PartialCompletion) -> None:
        """Append the tokens that follow."""
        self.token_ids += np.asarray(more.token_ids, dtype=TOKEN).tobytes()
        self.logprobs += np.asarray(more.logprobs, dtype=LOGPROB).tobytes()
        self.entropy = more.entropy

    def beginning(self) -> PartialCompletion:
        """Return it as an engine takes it."""
        return PartialCompletion(
            np.frombuffer(self.token_ids, dtype=TOKEN).tolist(),
            np.frombuffer(self.logprobs, dtype=LOGPROB).tolist(),
            self.entropy,
        )


class Store:
    """The rows of one shard; one process at a time, since its directory is claimed."""

    def __init__(self, draft: Draft, *, chunk: int = CHUNK) -> None:
        self._draft = draft
        self._chunk = chunk
        self._part = len(self.parts)
        self._done = self._recorded()
        self._rows: list[Row] = []
        self._begun: dict[Unit, _StoredTokens] = {}
        self._clean()
        self._replay()
        self._journal = self._path(self._part).open("ab")

    @property
    def parts(self) -> list[Path]:
        """The files of finished chunks, in order."""
        return files.parts_in(self._draft.path)

    @property
    def done(self) -> int:
        """How many units are sampled."""
        return len(self._done)

    def has(self, unit: Unit) -> bool:
        """Tell whether a unit is sampled."""
        return unit in self._done

    @property
    def begun(self) -> list[Unit]:
        """The pending units of which there is a beginning."""
        return list(self._begun)

    def beginning(self, unit: Unit) -> PartialCompletion:
        """Return what is kept of a pending unit."""
        kept = self._begun.get(unit)
        return kept.beginning() if kept else NO_TOKENS

    def known(self, unit: Unit) -> int:
        """Return how many tokens are kept of a pending unit."""
        kept = self._begun.get(unit)
        return kept.length if kept else 0

    def count_start(self) -> int:
        """Record that the shard is started once more, durably, and return which start it is."""
        lines.append(self._draft.path / STARTS, b"{}\n")
        return len(lines.mended(self._draft.path / STARTS))

    def record_engine(self, facts: Mapping[str, JsonValue]) -> None:
        """Remember, durably, what samples from here on."""
        lines.append(self._draft.path / ENGINES, json.dumps(facts, sort_keys=True).encode() + b"\n")

    def engine_facts(self) -> dict[str, JsonValue]:
        """Return what is known of the engine that sampled last, and of those before it where they were others."""
        known = dict.fromkeys(reversed(lines.mended(self._draft.path / ENGINES)))
        last, *others = [json.loads(line) for line in known] or [{}]
        return {**last, "other_engines": others} if others else dict(last)

    def commit(self, rows: Sequence[Row], grown: Mapping[Unit, PartialCompletion]) -> None:
        """Keep, all or nothing, what has finished and the tokens that those in flight have got; durable on return."""
        units = [_unit(row) for row in rows]
        twice = {unit for unit in units if unit in self._done or units.count(unit) > 1}
        if twice:
            raise ValueError(f"unit {min(twice)} was sampled twice")
        if not rows and not grown:
            return
        self._write(rows, grown)
        self._take(rows, grown)
        if len(self._rows) >= self._chunk:
            self._write_part()

    def close(self) -> None:
        """Let the files go."""
        self._journal.close()

    def finish(self) -> None:
        """Write the last part and remove what is no part of the artifact."""
        if self._rows:
            self._write_part()
        self._journal.close()
        self._path(self._part).unlink(missing_ok=True)
        for name in (STARTS, ENGINES):
            (self._draft.path / name).unlink(missing_ok=True)

    def _path(self, part: int) -> Path:
        return self._draft.path / f"journal-{part:05d}.jsonl"

    def _recorded(self) -> set[Unit]:
        """Return the units of all parts."""
        found: set[Unit] = set()
        for part in self.parts:
            data = tables.read(tables.SAMPLES, part, columns=["problem_id", "sample_index"])
            found |= set(zip(*(column.to_pylist() for column in data.columns), strict=True))
        return found

    def _clean(self) -> None:
        """Remove journals that became parts, and one that was begun too early."""
        for path in self._draft.path.glob("journal-*.jsonl"):
            if path != self._path(self._part):
                path.unlink()

    def _replay(self) -> None:
        """Take what the journal has."""
        for line in lines.mended(self._path(self._part)):
            self._take(*load_commit(line))

    def _take(self, rows: Sequence[Row], grown: Mapping[Unit, PartialCompletion]) -> None:
        """Hold in memory what is on disk."""
        for row in rows:
            self._done.add(_unit(row))
            self._begun.pop(_unit(row), None)
        self._rows += rows
        for unit, beginning in grown.items():
            self._begun.setdefault(unit, _StoredTokens()).add(beginning)

    def _write(self, rows: Sequence[Row], grown: Mapping[Unit, PartialCompletion]) -> None:
        """Append a line, durably."""
        self._journal.write(dump_commit(rows, grown))
        self._journal.flush()
        os.fsync(self._journal.fileno())

    def _write_part(self) -> None:
        """Turn the journal's rows into a part, after the next journal has what is in flight."""
        old, old_path = self._journal, self._path(self._part)
        self._journal = self._path(self._part + 1).open("wb")
        if self._begun:
            self._write([], {unit: kept.beginning() for unit, kept in self._begun.items()})
        self._draft.write_table(files.part(self._part), tables.SAMPLES, tables.table(tables.SAMPLES, self._rows))
        old.close()
        old_path.unlink()
        self._part += 1
        self._rows = []


def _unit(row: Mapping[str, Any]) -> Unit:
    return row["problem_id"], row["sample_index"]


def dump_commit(rows: Sequence[Row], grown: Mapping[Unit, PartialCompletion]) -> bytes:
    """Return a commit as a line of the journal; arrays are base64 of their bytes, exact to the last bit."""
    document = {
        "rows": [{**row, **{name: _packed(row[name], kind) for name, kind in ARRAYS.items()}} for row in rows],
        "grown": [
            [*unit, _packed(more.token_ids, TOKEN), _packed(more.logprobs, LOGPROB), more.entropy]
            for unit, more in grown.items()
        ],
    }
    return (json.dumps(document) + "\n").encode()


def load_commit(line: bytes) -> tuple[list[Row], dict[Unit, PartialCompletion]]:
    """Return what `dump_commit` was given."""
    document = json.loads(line)
    rows = [{**row, **{name: _unpacked(row[name], kind) for name, kind in ARRAYS.items()}} for row in document["rows"]]
    grown = {
        (problem_id, index): PartialCompletion(_unpacked(tokens, TOKEN), _unpacked(logprobs, LOGPROB), entropy)
        for problem_id, index, tokens, logprobs, entropy in document["grown"]
    }
    return rows, grown


def _packed(values: Sequence[float], kind: np.dtype[Any]) -> str:
    return base64.b64encode(np.asarray(values, dtype=kind).tobytes()).decode()


def _unpacked(text: str, kind: np.dtype[Any]) -> list[Any]:
    values: list[Any] = np.frombuffer(base64.b64decode(text), dtype=kind).tolist()
    return values
