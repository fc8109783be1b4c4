"""A two-level bootstrap that counts no noise twice.

Level one draws problems again, level two draws each drawn problem's samples again. Doing both plainly is too wide:
the scores of the problems already contain the noise of their samples, and level two adds it a second time (for a
paired difference, where little else is left, the interval would be 1.4 times too wide, and real drops would pass as
noise). So the deviations of level one are shrunk until the variance of both levels together is that of level one
alone, which is the unbiased one (Davison and Hinkley 1997, section 3.8).

Level two has a bias for k > 1, because n samples drawn again with replacement hold fewer different ones; it is known
exactly for each problem and taken off. All statistics of one stratum share the drawn problems, which is what pairs
them, and all k of one evaluation share the drawn samples.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from ssd_jobs.scoring import passk

__all__ = ["Interval", "Replicated", "draw_problems", "mean", "replicate", "resampled_mean"]

FEW = 5
"""Replicates that must lie beyond an end for it to be read off them."""
BLOCK = 1 << 20
"""Drawn problems that are looked at at once: all draws of a large benchmark would be gigabytes."""
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Interval:
    """A number, its two-sided interval, and how surprising it would be if the truth were 0."""

    value: float
    low: float
    high: float
    p: float


@dataclass(frozen=True)
class Replicated:
    """A statistic, and what it would have been on other draws of problems, and of problems and samples."""

    value: float
    problems: Floats
    both: Floats

    def __sub__(self, other: "Replicated") -> "Replicated":
        """Return the difference, replicate by replicate."""
        return Replicated(self.value - other.value, self.problems - other.problems, self.both - other.both)

    def replicates(self) -> Floats:
        """Return replicates whose spread is that of the statistic."""
        samples = self.both - self.problems
        outer, inner = float(self.problems.var()), float(samples.var())
        shrink = np.sqrt(max(0.0, 1.0 - inner / outer)) if outer > 0 else 0.0
        spread: Floats = self.value + shrink * (self.problems - self.value) + samples
        return spread

    def interval(self, confidence: float) -> Interval:
        """Return the percentile interval and the two-sided p value against 0."""
        found = self.replicates()
        low, high = _ends(found, (1 - confidence) / 2)
        beyond = min(int((found <= 0).sum()), int((found >= 0).sum()))
        p = min(1.0, 2 * (beyond + 1) / (found.size + 1))
        return Interval(self.value, low, high, p)


def _ends(found: Floats, tail: float) -> tuple[float, float]:
    """Return the ends that leave this share outside on either side: of the replicates, as long as enough lie there.

    Of 10,000 replicates hardly any lies beyond the ends that the twentieth look asks for. There the ends are those of a
    normal distribution with the replicates' mean and spread.
    """
    if tail * found.size >= FEW:
        low, high = np.quantile(found, [tail, 1 - tail])
        return float(low), float(high)
    reach = NormalDist().inv_cdf(1 - tail) * float(found.std())
    return float(found.mean()) - reach, float(found.mean()) + reach


def mean(several: Sequence[Replicated]) -> Replicated:
    """Return the mean of several statistics, replicate by replicate."""
    return Replicated(
        sum(each.value for each in several) / len(several),
        np.mean([each.problems for each in several], axis=0),
        np.mean([each.both for each in several], axis=0),
    )


def draw_problems(problems: int, replicates: int, rng: np.random.Generator) -> Ints:
    """Return level one: a row of problems for each replicate."""
    return rng.integers(0, problems, size=(replicates, problems))


def resampled_mean(values: Floats, drawn: Ints) -> Replicated:
    """Return the mean of one number per problem, and on the drawn problems; its samples are part of that number."""
    means = np.concatenate([values[rows].mean(axis=1) for rows in _blocks(drawn)])
    return Replicated(float(values.mean()), means, means)


def replicate(right: Ints, samples: int, ks: Sequence[int], drawn: Ints, rng: np.random.Generator) -> list[Replicated]:
    """Return the mean pass@k, for each k, on the drawn problems and on samples drawn again."""
    tables = [passk.pass_table(samples, k) for k in ks]
    biases = [table[right] - passk.plug_in_table(samples, k)[right] for table, k in zip(tables, ks, strict=True)]
    problems, both = np.empty((2, len(ks), len(drawn)))
    start = 0
    for chosen in _blocks(drawn):
        block = slice(start, start + len(chosen))
        start += len(chosen)
        again = rng.binomial(samples, right[chosen] / samples)
        for place, (table, bias) in enumerate(zip(tables, biases, strict=True)):
            problems[place, block] = table[right[chosen]].mean(axis=1)
            both[place, block] = table[again].mean(axis=1) + bias[chosen].mean(axis=1)
    values = [float(table[right].mean()) for table in tables]
    return [Replicated(*each) for each in zip(values, problems, both, strict=True)]


def _blocks(drawn: Ints) -> Iterator[Ints]:
    """Yield the draws, few enough at a time."""
    rows = max(1, BLOCK // max(1, drawn.shape[1]))
    for start in range(0, len(drawn), rows):
        yield drawn[start : start + rows]
