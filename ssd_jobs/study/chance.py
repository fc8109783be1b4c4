"""How many of many candidates would be above the base if nothing had been gained: the count that a grid must beat.

"62 of 100 settings are above the base" sounds like much. All of them are compared with one evaluation of the base, so
that its noise moves them together: half of them is what one must expect, and nearly none or nearly all is common.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ssd_jobs.study.cuts import truncation
from ssd_jobs.study.document import AboveBase, StudyPoint
from ssd_jobs.study.runs import Run

__all__ = ["Expected", "expected_above", "rows"]

STUDIES = 1000
TAIL = 0.025
UNSEEN = 0.5
"""What is added to right and to wrong samples: a problem that was never solved is not impossible."""


@dataclass(frozen=True)
class Expected:
    """How many candidates are above the base where none is better."""

    mean: float
    low: float
    high: float


def rows(points: Sequence[StudyPoint], run: Run) -> Iterator[AboveBase]:
    """Yield the count of every truncation on the part where all settings were tried."""
    part = "select" if any(each.part == "select" for each in points) else "report"
    here = [each for each in points if each.part == part]
    bases = [each for each in here if each.arm == "Base"]
    compared = [_score(each) for each in bases if each.compared]
    if not compared:
        return
    select = run.panel.select
    problems = select.problems["all"] if select and part == "select" else run.panel.problems["all"]
    rates = np.asarray((run.counts.base + UNSEEN) / (run.counts.samples + 2 * UNSEEN), np.float64)
    for name in dict.fromkeys(truncation(each.train, each.decode) for each in here if each.arm == "Candidate"):
        own = [each for each in here if each.arm == "Candidate" and truncation(each.train, each.decode) == name]
        chosen = len(bases) if part == "select" and run.comparison.baseline == "BestDecode" else 1
        chance = expected_above(
            rates, problems=problems, samples=run.counts.samples, candidates=len(own), bases=chosen, seed=0
        )
        yield AboveBase(
            truncation=name,
            part=part,
            base=max(compared),
            candidates=len(own),
            above=sum(_score(each) > max(compared) for each in own),
            expected=chance.mean,
            low=chance.low,
            high=chance.high,
        )


def expected_above(
    rates: npt.NDArray[np.float64], *, problems: int, samples: int, candidates: int, bases: int, seed: int
) -> Expected:
    """Simulate studies in which every candidate has the base's pass rates, and the base its best of some settings."""
    rng = np.random.default_rng(seed)
    drawn = rates[rng.integers(len(rates), size=(STUDIES, problems))]
    base = np.max([rng.binomial(samples, drawn).sum(axis=1) for _ in range(bases)], axis=0)
    above = np.sum([rng.binomial(samples, drawn).sum(axis=1) > base for _ in range(candidates)], axis=0)
    low, high = np.quantile(above, [TAIL, 1 - TAIL])
    return Expected(float(above.mean()), float(low), float(high))


def _score(point: StudyPoint) -> float:
    return point.pass_at[min(point.pass_at)]["all"].value
