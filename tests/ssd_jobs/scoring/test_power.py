"""Laws of power: what a comparison is said to show, it shows that often."""

import numpy as np
import pytest
from numpy.typing import NDArray

from populations import arms
from ssd_jobs.scoring import power

CONFIDENCE = 0.95
Pair = tuple[NDArray[np.int64], NDArray[np.int64]]
REACH = 1.96
EXPERIMENTS = 1500


def experiments(
    gain: float, *, samples: int = 10, times: int = 1, count: int = EXPERIMENTS, seed: int = 0
) -> list[Pair]:
    """The right samples of base and candidate in so many experiments on so many times the problems of the window."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        base = [arms.rates(rng) for _ in range(times)]
        pair = (np.concatenate(base), np.concatenate([arms.gain(each, gain) for each in base]))
        found.append((rng.binomial(samples, pair[0]), rng.binomial(samples, pair[1])))
    return found


def measured(right: Pair, samples: int) -> power.ComparisonSize:
    """What one experiment says of its own power."""
    names = ("",) * len(right[0])
    pair = [arms.counted(each, samples=samples, names=names) for each in right]
    return power.comparison(*pair, k=1)


def shown(right: Pair, samples: int) -> bool:
    """Whether the difference lies above 0 by more than its interval."""
    changes = (right[1] - right[0]) / samples
    return bool(changes.mean() > REACH * changes.std(ddof=1) / np.sqrt(changes.size))


@pytest.mark.parametrize(
    ("gain", "samples", "times"),
    [(0.033, 10, 1), (0.06, 10, 1), (0.053, 5, 1), (0.033, 10, 2), (0.033, 1, 3)],
)
def test_the_power_is_how_often_a_gain_is_shown(gain: float, samples: int, times: int) -> None:
    """The power that an experiment states for a true gain is within 5 points of how often 1,500 of them show it."""
    found = experiments(gain, samples=samples, times=times)
    stated = [measured(each, samples).power(gain, CONFIDENCE) for each in found[:40]]
    assert np.mean(stated) == pytest.approx(np.mean([shown(each, samples) for each in found]), abs=0.05)


def test_the_smallest_detectable_gain_is_shown_in_80_percent() -> None:
    """A true gain of that size is shown in 75 to 85 % of experiments."""
    few = experiments(0.04, count=20, seed=1)
    size = float(np.mean([measured(each, 10).detectable(CONFIDENCE) for each in few]))
    assert 0.75 <= np.mean([shown(each, 10) for each in experiments(size)]) <= 0.85


def test_as_many_problems_or_samples_as_are_named_suffice() -> None:
    """With that many problems, or samples, the power for the effect is 80 %, and with fewer it is below."""
    (right,) = experiments(0.033, samples=4, count=1)
    size = measured(right, 4)
    samples, problems = size.samples_for(0.04, CONFIDENCE), size.problems_for(0.04, CONFIDENCE)
    assert samples is not None
    assert problems is not None
    for found, step in (("samples", samples), ("problems", problems)):
        at, below = (
            power.ComparisonSize(**{**vars(size), found: number}).power(0.04, CONFIDENCE) for number in (step, step - 1)
        )
        assert below < power.POWER <= at


def test_no_number_shows_that_nothing_changed() -> None:
    """For an effect of 0 there is neither a number of samples nor one of problems."""
    (right,) = experiments(0.033, count=1)
    size = measured(right, 10)
    assert size.samples_for(0, CONFIDENCE) is None
    assert size.problems_for(0, CONFIDENCE) is None


def test_without_noise_everything_is_shown() -> None:
    """Where every sample of both arms is right there is no error, and any effect would be seen."""
    right = np.full(8, 3)
    assert measured((right, right), 3).power(0.01, CONFIDENCE) == 1
    assert measured((right, right), 3).power(0, CONFIDENCE) == 0
