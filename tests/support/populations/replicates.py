"""Studies of several trainings of one recipe with a known true gain, as right samples per problem."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from populations import arms

Counts = NDArray[np.int64]
UNSURE = sum(
    count * a * b / ((a + b) * (a + b + 1))
    for count, (a, b) in ((arms.PROBLEMS[name], arms.SHAPES[name]) for name in arms.PROBLEMS)
) / sum(arms.PROBLEMS.values())
"""The mean of rate x (1 - rate) over all problems there could be."""


@dataclass(frozen=True)
class Study:
    """The right samples of one base and of its replicates, and what is true of them."""

    base: Counts
    candidates: list[Counts]
    gains: list[float]
    """The true gain of each replicate, on all problems there could be."""


def study(
    rng: np.random.Generator, *, gain: float, training_sd: float, replicates: int, samples: int = arms.SAMPLES
) -> Study:
    """Draw a study whose recipe truly gains `gain`; a problem gains in proportion to how unsure the base is of it."""
    rates = arms.rates(rng)
    gains = rng.normal(gain, training_sd, replicates)
    candidates = [np.clip(rates + each / UNSURE * rates * (1 - rates), 0, 1) for each in gains]
    drawn = [rng.binomial(samples, each) for each in (rates, *candidates)]
    return Study(drawn[0], drawn[1:], gains.tolist())
