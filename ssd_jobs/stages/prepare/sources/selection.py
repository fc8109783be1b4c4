"""Which problems of a pool are kept, in one pass that remembers hashes and never statements."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from ssd_jobs.stages.prepare.decontamination import Index
from ssd_jobs.stages.prepare.sources.problem import Problem, statement_digest

__all__ = ["ProblemOverlap", "Selection", "choose"]


@dataclass(frozen=True)
class ProblemOverlap:
    """A training problem that shares text with a benchmark."""

    position: int
    """In the pool: several problems may have one id there."""
    problem_id: str
    benchmark: str
    sequences: int


@dataclass
class Selection:
    """Positions of the kept problems, and what happened to the others."""

    kept: list[int] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    overlaps: list[ProblemOverlap] = field(default_factory=list)


def choose(
    problems: Iterable[Problem],
    *,
    deduplicate: bool,
    require_passed: bool,
    limit: int,
    skip: int,
    index: Index | None,
    drop_overlaps: bool,
) -> Selection:
    """Choose; of equal statements the first counts, and a limit takes the first by hash, not by position.

    What is skipped are the first by hash, too: who skips as many as another one takes has none of the same.
    """
    selection = Selection()
    statements = _Statements(deduplicate, require_passed)
    places: list[tuple[bytes, int]] = []
    for position, problem in enumerate(problems):
        digest = statement_digest(problem)
        if not statements.admit(digest, passed=problem.passed):
            continue
        overlaps = index.overlaps(problem.statement) if index else {}
        found = overlaps.items()
        selection.overlaps += [ProblemOverlap(position, problem.problem_id, name, count) for name, count in found]
        if not (overlaps and drop_overlaps):
            places.append((_order(digest, problem.problem_id), position))
    ordered = sorted(places)[skip:] if limit or skip else places
    chosen = ordered[:limit] if limit else ordered
    selection.kept = sorted(position for _, position in chosen)
    selection.counts = {**statements.counts(), "candidates": len(places), "kept": len(selection.kept)}
    overlapping = {overlap.position for overlap in selection.overlaps}
    selection.counts["overlapping"] = len(overlapping)
    selection.counts["overlapping_kept"] = len(overlapping.intersection(selection.kept))
    return selection


@dataclass
class _Statements:
    """Which statements were seen so far."""

    deduplicate: bool
    require_passed: bool
    rows: int = 0
    passed: int = 0
    every: set[bytes] = field(default_factory=set)
    """Whatever the passed column says, so that the effect of that column is on record."""
    admitted: set[bytes] = field(default_factory=set)

    def admit(self, digest: bytes, *, passed: bool) -> bool:
        """Count a problem, and tell whether it may be chosen."""
        self.rows += 1
        self.every.add(digest)
        if self.require_passed and not passed:
            return False
        self.passed += 1
        again = digest in self.admitted
        self.admitted.add(digest)
        return not (again and self.deduplicate)

    def counts(self) -> dict[str, int]:
        """Return how many there were."""
        found = {"rows": self.rows, "unique": len(self.every)}
        return found | ({"passed": self.passed, "unique_passed": len(self.admitted)} if self.require_passed else {})


def _order(digest: bytes, problem_id: str) -> bytes:
    """Return a problem's place in hash order."""
    return hashlib.blake2b(digest + problem_id.encode("utf-8", "surrogatepass"), digest_size=8).digest()
