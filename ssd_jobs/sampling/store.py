"""What is sampled so far, on disk: parquet parts of finished chunks, and a journal of the chunk that fills.

`journal-00003.jsonl` holds the rows that will become `part-00003.parquet`. A part replaces its journal in one
rename, so a row is in one of the two whenever the process is killed: a journal whose part exists is a leftover. A
last line that was torn by the kill is cut off. Every start is counted in `starts.jsonl`, because an engine's seed
must differ from one start to the next.
"""

import base64
import json
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from ssd_jobs import tables
from ssd_jobs.artifacts import Draft, atomic
from ssd_jobs.sampling.units import Unit

__all__ = ["CHUNK", "Row", "Store"]

Row = dict[str, Any]
CHUNK = 256
"""Rows of a part: what a machine that loses power between two syncs could cost at most."""
SYNC_SECONDS = 1.0
STARTS = "starts.jsonl"
ARRAYS = {"prompt_token_ids": np.int32, "completion_token_ids": np.int32, "logprobs": np.float32}


class Store:
    """The rows of one shard; one process at a time, since its directory is claimed."""

    def __init__(self, draft: Draft, *, chunk: int = CHUNK, clock: Callable[[], float] = time.monotonic) -> None:
        self._draft = draft
        self._chunk = chunk
        self._clock = clock
        self._part = len(list(draft.path.glob("part-*.parquet")))
        self._done = self._recorded()
        self._clean()
        self._rows = self._replay()
        self._done |= {_unit(row) for row in self._rows}
        self._journal = self._journal_path.open("ab")
        self._synced = clock()

    @property
    def done(self) -> frozenset[Unit]:
        """The units that are sampled."""
        return frozenset(self._done)

    def count_start(self) -> int:
        """Record that the shard is started once more, durably, and return which start it is."""
        with (self._draft.path / STARTS).open("ab") as stream:
            stream.write(b"{}\n")
            stream.flush()
            os.fsync(stream.fileno())
        atomic.sync_directory(self._draft.path)
        return (self._draft.path / STARTS).read_bytes().count(b"\n")

    def add(self, rows: Iterable[Row]) -> None:
        """Keep finished units; they survive the process from here on, and the machine a second later."""
        for row in rows:
            if _unit(row) in self._done:
                raise ValueError(f"unit {_unit(row)} was sampled twice")
            self._done.add(_unit(row))
            self._rows.append(row)
            self._journal.write(_line(row))
        self._journal.flush()
        if len(self._rows) >= self._chunk:
            self._write_part()
        elif self._clock() - self._synced >= SYNC_SECONDS:
            self._sync()

    def flush(self) -> None:
        """Make everything durable; called when the process is asked to stop."""
        self._sync()

    def close(self) -> None:
        """Let the files go."""
        self._journal.close()

    def finish(self) -> None:
        """Write the last part and remove what is no part of the artifact."""
        if self._rows:
            self._write_part()
        self._journal.close()
        self._journal_path.unlink(missing_ok=True)
        (self._draft.path / STARTS).unlink(missing_ok=True)

    @property
    def _journal_path(self) -> Path:
        return self._draft.path / f"journal-{self._part:05d}.jsonl"

    def _recorded(self) -> set[Unit]:
        """Return the units of all parts."""
        found: set[Unit] = set()
        for path in sorted(self._draft.path.glob("part-*.parquet")):
            data = tables.read(tables.SAMPLES, path, columns=["problem_id", "sample_index"])
            found |= set(zip(*(column.to_pylist() for column in data.columns), strict=True))
        return found

    def _clean(self) -> None:
        """Remove journals that became parts."""
        for path in self._draft.path.glob("journal-*.jsonl"):
            if path != self._journal_path:
                path.unlink()

    def _replay(self) -> list[Row]:
        """Return the journal's rows; cut a torn last line off, so that the next one begins on its own."""
        if not self._journal_path.exists():
            return []
        data = self._journal_path.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        if len(whole) < len(data):
            os.truncate(self._journal_path, len(whole))
        return [_row(line) for line in whole.splitlines()]

    def _write_part(self) -> None:
        """Turn the journal into a part and begin the next one."""
        name = f"part-{self._part:05d}.parquet"
        self._draft.write_table(name, tables.SAMPLES, tables.table(tables.SAMPLES, self._rows))
        self._journal.close()
        self._journal_path.unlink()
        self._part += 1
        self._rows = []
        self._journal = self._journal_path.open("ab")
        self._synced = self._clock()

    def _sync(self) -> None:
        """Make the journal durable."""
        os.fsync(self._journal.fileno())
        self._synced = self._clock()


def _unit(row: Row) -> Unit:
    return row["problem_id"], row["sample_index"]


def _line(row: Row) -> bytes:
    """Write a row; arrays as base64 of their bytes, which is short and exact."""
    packed = {
        name: base64.b64encode(np.asarray(row[name], dtype=kind).tobytes()).decode() for name, kind in ARRAYS.items()
    }
    return (json.dumps({**row, **packed}) + "\n").encode()


def _row(line: bytes) -> Row:
    """Read a row back."""
    row: Row = json.loads(line)
    for name, kind in ARRAYS.items():
        row[name] = np.frombuffer(base64.b64decode(row[name]), dtype=kind).tolist()
    return row
