"""The parts of a benchmark with a sweep: problems to select decode settings on, and problems to report on.

The share is exact within each difficulty. Who is in it follows from the rank of a hash of data set and problem, without
a seed and whatever the user calls the benchmark, so that nobody can draw again. What both parts would have in common, a
statement that is there under two names, is left out of the report.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from fractions import Fraction

from ssd_jobs.contract import BenchmarkPart, BenchmarkSource, Builtin, HuggingFaceRows, LiveCodeBench
from ssd_jobs.errors import BadInput
from ssd_jobs.stages.prepare.sources.problem import Problem, statement_digest

__all__ = ["members"]

HALF = Fraction(1, 2)


def members(part: BenchmarkPart, problems: Iterable[Problem], apart_from: Set[bytes]) -> frozenset[str]:
    """Return the ids of the problems in a part; none whose statement is in `apart_from` is there to report on."""
    split = part.science.split
    assert split is not None
    statements: dict[str, bytes] = {}
    strata: dict[str, list[str]] = defaultdict(list)
    for problem in problems:
        statements[problem.problem_id] = statement_digest(problem)
        strata[str(problem.row()["difficulty"])].append(problem.problem_id)
    selected = _selected(strata, split.share, data_set(part.science.source))
    known = apart_from | {statements[each] for each in selected}
    rest = frozenset(each for each, statement in statements.items() if statement not in known)
    if statements and not (selected if split.purpose == "Select" else rest):
        _refuse(part, len(statements))
    return selected if split.purpose == "Select" else rest


def data_set(source: BenchmarkSource) -> str:
    """Return what a data set is called wherever it is used; the name of a user's own file is not that."""
    match source:
        case Builtin(name=name):
            return name
        case LiveCodeBench(repo=repo) | HuggingFaceRows(repo=repo):
            return repo
        case _:
            return ""


def _selected(strata: Mapping[str, list[str]], share: float, data: str) -> frozenset[str]:
    """Return the problems to select on: of each difficulty the share, rounded, with the lowest hashes."""
    found: set[str] = set()
    for problems in strata.values():
        count = int(Fraction(str(share)) * len(problems) + HALF)
        found.update(sorted(problems, key=lambda problem: (_hash(data, problem), problem))[:count])
    return frozenset(found)


def _hash(data: str, problem: str) -> str:
    return hashlib.sha256(f"{data}\0{problem}".encode("utf-8", "surrogatepass")).hexdigest()


def _refuse(part: BenchmarkPart, problems: int) -> None:
    """Say why a part is empty, and what to do."""
    field, split = f"evaluation.benchmarks[{part.benchmark}]", part.science.split
    assert split is not None
    if part.apart_from is not None:
        raise BadInput(f"{field}.selectFrom: all {problems} problems are also in that benchmark; select on another one")
    raise BadInput(
        f"{field}.selectShare: {split.share:g} of {problems} problems leaves none to {split.purpose.lower()} on; "
        f"change the share, give more problems, or name another benchmark in selectFrom"
    )
