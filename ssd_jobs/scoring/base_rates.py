"""What is known of a base before a run, by difficulty: how often its samples fail, and how often two of one problem do.

These two numbers decide how uncertain a gain will be: how much a sample's verdict varies, and how much the room for a
gain varies from problem to problem. They are had from the base's own verdicts, or from the pass rates in a table.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ssd_jobs.errors import BadInput

__all__ = ["PAPER_BASE", "BaseRates", "of_counts", "of_pass_rates", "resized"]

SPREAD = 0.55
"""The sum of the two shapes of the beta distribution that pass rates follow: small, so most problems are nearly always
solved or nearly never. The median of the 25 pairs of pass@1 and pass@5 of the paper's bases (table 2) that have one."""
SPREADS = (1e-3, 1e3)
"""Within which a spread is sought."""
MANY = 5


@dataclass(frozen=True)
class BaseRates:
    """The base on the problems of one difficulty."""

    name: str
    problems: int
    failing: float
    """The chance that a sample fails."""
    failing_twice: float
    """The chance that two samples of the same problem both fail."""


def of_counts(right: NDArray[np.int64], samples: int, difficulty: Sequence[str]) -> tuple[BaseRates, ...]:
    """Measure by the right samples of each problem; a single sample says nothing of the second, so it is assumed."""
    wrong = samples - np.asarray(right, dtype=np.float64)
    found = []
    for name in dict.fromkeys(difficulty):
        inside = wrong[[each == name for each in difficulty]]
        failing = float(inside.mean()) / samples
        if samples > 1:
            twice = float((inside * (inside - 1)).mean()) / (samples * (samples - 1))
        else:
            twice = _failing(failing, SPREAD, 2)
        found.append(BaseRates(name, inside.size, failing, twice))
    return tuple(found)


def of_pass_rates(name: str, problems: int, pass_at_1: float, pass_at_5: float | None = None) -> BaseRates:
    """Follow from a table's pass@1, and from its pass@5 where it is known: how far apart they are tells the spread."""
    if not 0 < pass_at_1 < 1:
        raise BadInput(f"{name}: pass@1 is {100 * pass_at_1:g} %; give a base that solves some of its problems")
    failing = 1 - pass_at_1
    spread = SPREAD if pass_at_5 is None else _spread(name, failing, 1 - pass_at_5)
    return BaseRates(name, problems, failing, _failing(failing, spread, 2))


def resized(rates: Iterable[BaseRates], problems: int) -> tuple[BaseRates, ...]:
    """Return the same base on another number of problems, of the same mix of difficulties as nearly as it can be."""
    known = tuple(rates)
    total = sum(each.problems for each in known)
    exact = [problems * each.problems / total for each in known]
    sizes = [math.floor(each) for each in exact]
    nearest = sorted(range(len(known)), key=lambda place: sizes[place] - exact[place])
    for place in nearest[: problems - sum(sizes)]:
        sizes[place] += 1
    return tuple(replace(each, problems=size) for each, size in zip(known, sizes, strict=True) if size)


def _failing(failing: float, spread: float, times: int) -> float:
    """Return the chance that so many samples of one problem all fail."""
    wrong = failing * spread
    return math.prod((wrong + each) / (spread + each) for each in range(times))


def _spread(name: str, failing: float, failing_all: float) -> float:
    """Return the spread at which five samples of one problem all fail that often: the larger it is, the seldomer."""
    low, high = SPREADS
    if not _failing(failing, high, MANY) < failing_all < _failing(failing, low, MANY):
        raise BadInput(f"{name}: pass@5 of {100 * (1 - failing_all):g} % does not go with that pass@1")
    for _ in range(60):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if _failing(failing, middle, MANY) > failing_all else (low, middle)
    return low


PAPER_BASE = (
    of_pass_rates("easy", 31, 0.797, 0.900),
    of_pass_rates("medium", 39, 0.344, 0.405),
    of_pass_rates("hard", 61, 0.105, 0.165),
)
"""Qwen3-4B-Instruct on LiveCodeBench v6 (table 2 of the paper)."""
