"""Which problems of a pool are kept, in one pass that remembers hashes and never statements."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from ssd_jobs.decontamination import Index
from ssd_jobs.sources.problem import Problem, statement_digest

__all__ = ["Overlap", "Selection", "choose"]


@dataclass(frozen=True)
class Overlap:
    """A training problem that shares text with a benchmark."""

    problem_id: str
    benchmark: str
    sequences: int


@dataclass
class Selection:
    """Positions of the kept problems, and what happened to the others."""

    kept: list[int] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    overlaps: list[Overlap] = field(default_factory=list)


def choose(
    problems: Iterable[Problem],
    *,
    deduplicate: bool,
    require_passed: bool,
    limit: int,
    index: Index | None,
    drop_overlaps: bool,
) -> Selection:
    """Choose; of equal statements the first counts, and a limit takes the first by hash, not by position.

    `unique` counts statements whatever the passed column says, so that the effect of that column is on record.
    """
    selection = Selection()
    places: list[tuple[bytes, int]] = []
    every: set[bytes] = set()
    seen: set[bytes] = set()
    rows = passed = 0
    for position, problem in enumerate(problems):
        rows += 1
        digest = statement_digest(problem)
        every.add(digest)
        if require_passed and not problem.passed:
            continue
        passed += 1
        if digest in seen and deduplicate:
            continue
        seen.add(digest)
        overlaps = index.overlaps(problem.statement) if index else {}
        selection.overlaps += [Overlap(problem.problem_id, name, count) for name, count in overlaps.items()]
        if not (overlaps and drop_overlaps):
            places.append((_order(digest, problem.problem_id), position))
    chosen = sorted(places)[:limit] if limit else places
    selection.kept = sorted(position for _, position in chosen)
    selection.counts = {"rows": rows, "unique": len(every), "candidates": len(places), "kept": len(selection.kept)}
    selection.counts["overlapping"] = len({overlap.problem_id for overlap in selection.overlaps})
    if require_passed:
        selection.counts |= {"passed": passed, "unique_passed": len(seen)}
    return selection


def _order(digest: bytes, problem_id: str) -> bytes:
    """Return a problem's place in hash order."""
    return hashlib.blake2b(digest + problem_id.encode("utf-8", "surrogatepass"), digest_size=8).digest()
