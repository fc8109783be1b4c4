"""Before a run: how often a true gain would be shown, the gate would open, and the recipe would be shown to be better.

A gain is taken to mend the same share of what the base fails on, easy or hard, and single problems to change more or
less than that by `change_sd`. Of the gate's conditions the gain and the difficulties are worked out; pass@5, truncation
and guards are taken to hold. Choosing decode settings on select problems costs those problems, and biases nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

import numpy as np

from ssd_jobs.errors import BadInput
from ssd_jobs.scoring import recipe
from ssd_jobs.scoring.base_rates import BaseRates
from ssd_jobs.scoring.power import ComparisonSize

__all__ = ["Chances", "Design", "chances", "detectable"]

DRAWS: Final = 20_000
"""Of chances that have no formula; they are off by 0.35 points at most."""


@dataclass(frozen=True)
class Design:
    """How a gain will be judged."""

    samples: int
    change_sd: float
    """How far the true change of a problem lies from what is mended on average: its standard deviation."""
    replicates: int = 1
    training_sd: float = 0.0
    """The standard deviation of the true gains of trainings of one recipe."""
    confidence: float = 0.95
    min_gain: float = 0.0
    max_difficulty_drop: float = 0.02


@dataclass(frozen=True)
class Chances:
    """How often a true gain has these consequences."""

    shown: float
    """The interval of one model's gain lies above what is asked for."""
    opens: float
    """The gate opens: besides, no difficulty's estimate has fallen too far."""
    recipe: float | None
    """The interval of the recipe's gain lies above what is asked for; None for a single training."""


def chances(base: Sequence[BaseRates], gain: float, design: Design) -> Chances:
    """Return the chances of a true gain on these problems."""
    size = size_of(base, gain, design)
    return Chances(
        shown=size.power(gain - design.min_gain, design.confidence),
        opens=_opens(base, gain, design, size),
        recipe=_recipe(base, gain, design) if design.replicates > 1 else None,
    )


def detectable(base: Sequence[BaseRates], design: Design) -> float:
    """Return the smallest true gain that a comparison of this size shows in 80 % of runs."""
    found = design.min_gain
    for _ in range(20):  # the gain adds a little to its own error
        size = size_of(base, min(max(found, 0.0), _room(base)), design)
        found = design.min_gain + size.detectable(design.confidence)
    return found


def size_of(base: Sequence[BaseRates], gain: float, design: Design) -> ComparisonSize:
    """Return what would make the difference of the arms uncertain."""
    mended = _mended(base, gain)
    uneven = max(0.0, _twice(base) - _room(base) ** 2)
    return ComparisonSize(
        problems=sum(each.problems for each in base),
        samples=design.samples,
        effects=mended**2 * uneven + design.change_sd**2,
        noise=sum(_noise(base, mended, design)),
    )


def _mended(base: Sequence[BaseRates], gain: float) -> float:
    """Return the share of failures that a gain mends."""
    room = _room(base)
    if not 0 <= gain <= room:
        raise BadInput(f"a gain of {100 * gain:g} points is not possible: the base fails in {100 * room:.1f} %")
    return gain / room if room else 0.0


def _noise(base: Sequence[BaseRates], mended: float, design: Design) -> tuple[float, float]:
    """Return the variance of a sample's verdict: of the base, and of the candidate."""
    twice = _twice(base)
    unsure = _room(base) - twice
    return unsure, max(0.0, (1 - mended) * (unsure + mended * twice) - design.change_sd**2)


def _opens(base: Sequence[BaseRates], gain: float, design: Design, size: ComparisonSize) -> float:
    """Return how often gain and difficulties pass together: the gain is the mean of what the difficulties gain."""
    rng = np.random.default_rng(0)
    weights, found = [each.problems / size.problems for each in base], np.empty((len(base), DRAWS))
    for place, each in enumerate(base):
        own = _mended(base, gain) * each.failing
        found[place] = rng.normal(own, size_of([each], own, design).error, DRAWS)
    needed = design.min_gain + size.reach(design.confidence)
    passed = (np.average(found, axis=0, weights=weights) > needed) & (found >= -design.max_difficulty_drop).all(axis=0)
    return float(passed.mean())


def _recipe(base: Sequence[BaseRates], gain: float, design: Design) -> float:
    """Return how often the recipe is shown to gain: its interval's width is uncertain, too, most of all for few."""
    rng, replicates = np.random.default_rng(1), design.replicates
    size = size_of(base, gain, design)
    each_sample = _noise(base, _mended(base, gain), design)
    of_base, of_candidate = (each / design.samples / size.problems for each in each_sample)
    by_problem = size.effects / size.problems + of_base + of_candidate / replicates
    between = design.training_sd**2 + of_candidate
    found = rng.normal(gain, sqrt(by_problem + design.training_sd**2 / replicates), DRAWS)
    reach = recipe.half_width(
        by_problem * _measured(rng, size.problems - 1),
        between * _measured(rng, replicates - 1),
        of_candidate,
        size=(replicates, size.problems),
        confidence=design.confidence,
    )
    return float((found - reach > design.min_gain).mean())


def _measured(rng: np.random.Generator, degrees: int) -> recipe.Floats:
    """Return what measurements of a variance of 1 come to."""
    return rng.chisquare(degrees, DRAWS) / degrees


def _room(base: Sequence[BaseRates]) -> float:
    """Return how often the base fails."""
    return _mean(base, [each.failing for each in base])


def _twice(base: Sequence[BaseRates]) -> float:
    """Return how often two samples of one problem both fail."""
    return _mean(base, [each.failing_twice for each in base])


def _mean(base: Sequence[BaseRates], values: Sequence[float]) -> float:
    """Return the mean over all problems of a number per difficulty."""
    return float(np.average(values, weights=[each.problems for each in base]))
