"""What a comparison can show: its power, and how many samples or problems a loss or a gain of some size would need.

A difference of two arms is uncertain for two reasons: the problems are a draw, and so are the samples of each. More
samples per problem help against the second only. Both are measured on the verdicts; the rest is the normal
approximation. For k > 1 the noise of samples falls about, not exactly, with their number.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

from ssd_jobs.scoring import passk
from ssd_jobs.scoring.scores import Scores

__all__ = ["POWER", "ComparisonSize", "comparison", "normal_quantile"]

POWER = 0.8
"""How often a comparison shall find what is there."""
CHANCE = 2.0
"""Standard errors up to which a variance may be chance."""
NORMAL = NormalDist()


@dataclass(frozen=True)
class ComparisonSize:
    """The size of a comparison, and what makes its difference uncertain."""

    problems: int
    samples: int
    effects: float
    """Variance of the true difference from problem to problem."""
    noise: float
    """Variance that a single sample per problem would add."""

    @property
    def error(self) -> float:
        """Return the standard error of the difference."""
        return math.sqrt((self.effects + self.noise / self.samples) / self.problems)

    def reach(self, confidence: float) -> float:
        """Return the half width of the difference's interval."""
        return self.error * _quantile(confidence)

    def power(self, effect: float, confidence: float) -> float:
        """Return how often the interval of a difference that is truly `effect` above a limit lies above it."""
        error = self.error
        return NORMAL.cdf(effect / error - _quantile(confidence)) if error > 0 else float(effect > 0)

    def detectable(self, confidence: float) -> float:
        """Return the smallest effect whose power is `POWER`."""
        return self.error * _both(confidence)

    def samples_for(self, effect: float, confidence: float) -> int | None:
        """Return the samples per problem that give an effect its power; None where no number of them does."""
        left = self.problems * (effect / _both(confidence)) ** 2 - self.effects
        return max(1, math.ceil(self.noise / left)) if effect > 0 and left > 0 else None

    def problems_for(self, effect: float, confidence: float) -> int | None:
        """Return the problems, with as many samples each, that give an effect its power; None for no effect."""
        variance = self.problems * self.error**2
        return max(1, math.ceil(variance * (_both(confidence) / effect) ** 2)) if effect > 0 else None


def comparison(base: Scores, candidate: Scores, *, k: int) -> ComparisonSize:
    """Measure what makes the difference of two arms uncertain.

    With a single sample nothing tells the two reasons apart, and the changes that truly differ from problem to problem
    are seldom large beside the noise of samples. What chance alone may explain is therefore taken for noise.
    """
    samples, problems = base.samples, len(base.problem_ids)
    ours, theirs = (passk.pass_table(samples, k)[each.right] for each in (candidate, base))
    squares = (ours - theirs - (ours - theirs).mean()) ** 2
    noise = sum(float(passk.noise_table(samples, k)[each.right].mean()) for each in (base, candidate))
    total = max(noise, float(squares.sum()) / max(1, problems - 1))
    doubt = CHANCE * float(squares.std()) / math.sqrt(problems)
    effects = total - noise if samples > 1 and total - noise > doubt else 0.0
    return ComparisonSize(problems, samples, effects=effects, noise=(total - effects) * samples)


def normal_quantile(share: float) -> float:
    """Return the standard errors below which this share of a normal distribution lies."""
    return NORMAL.inv_cdf(share)


def _quantile(confidence: float) -> float:
    """Return the standard errors from the estimate to an end of its two-sided interval."""
    return normal_quantile((1 + confidence) / 2)


def _both(confidence: float) -> float:
    """Return the standard errors between a limit and an effect that is found above it with `POWER`."""
    return _quantile(confidence) + normal_quantile(POWER)
