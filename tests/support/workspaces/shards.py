"""What a shard of samples has on disk at any moment: rows in parts and in the journal, and beginnings."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from ssd_jobs.artifacts import lines, tables
from ssd_jobs.contract import files
from ssd_jobs.engine import PartialCompletion
from ssd_jobs.sampling.store import Row, load_commit
from ssd_jobs.sampling.units import Unit

__all__ = ["begun", "finished", "rows"]


def rows(shard: Path) -> list[Row]:
    """Return every finished sample; a part and its journal may both be there for a moment."""
    in_parts = [row for part in files.parts_in(shard) for row in tables.rows(tables.read(tables.SAMPLES, part))]
    return [*in_parts, *(row for found, _ in _commits(shard) for row in found)]


def finished(shard: Path) -> set[Unit]:
    """Return the units that are sampled."""
    return {(row["problem_id"], row["sample_index"]) for row in rows(shard)}


def begun(shard: Path) -> dict[Unit, list[int]]:
    """Return the tokens that a restart would find of the units that are not."""
    found: dict[Unit, list[int]] = {}
    for _, grown in _commits(shard):
        for unit, more in grown.items():
            found.setdefault(unit, []).extend(more.token_ids)
    done = finished(shard)
    return {unit: tokens for unit, tokens in found.items() if unit not in done}


def _commits(shard: Path) -> Iterator[tuple[list[Row], Mapping[Unit, PartialCompletion]]]:
    """Yield the lines of the journal of the part that is not written yet."""
    journal = shard / f"journal-{len(files.parts_in(shard)):05d}.jsonl"
    data = journal.read_bytes() if journal.exists() else b""
    yield from map(load_commit, lines.whole(data).splitlines())
