"""What a gain is worth: of this model, and of the recipe that made it.

A model's gain is uncertain because the problems are a draw, and so are the samples of each. Who asks for the gain of
the recipe asks for that of the next model, too, and trainings differ. So several models are made that differ in their
seeds alone, the replicates, and all are compared with one evaluation of the base, whose noise they share: it does not
average out over them, and it is no difference between trainings.

The mean gain is the mean over problems of one number each, the mean of the replicates less the base. Its spread from
problem to problem holds the problems, the base's samples and the replicates' samples, each as they count, and nothing
of the trainings. What these add is how far the replicates' means lie apart, less what their own samples would explain.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ssd_jobs.errors import BadInput
from ssd_jobs.scoring import passk, student
from ssd_jobs.scoring.power import POWER, normal_quantile

__all__ = ["GainEstimate", "MeasuredRecipe", "VarianceParts", "half_width", "measure"]

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class GainEstimate:
    """A gain with its two-sided interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class VarianceParts:
    """The variance of the recipe's gain, by what it comes from."""

    problems: float
    """The true gains differ from problem to problem."""
    base_samples: float
    candidate_samples: float
    trainings: float

    @property
    def total(self) -> float:
        """Return the variance of the gain."""
        return self.problems + self.base_samples + self.candidate_samples + self.trainings


@dataclass(frozen=True)
class MeasuredRecipe:
    """The gains of several models of one recipe, and of the recipe."""

    models: tuple[GainEstimate, ...]
    """Each replicate's own gain: what is uncertain are problems and samples."""
    recipe: GainEstimate
    """The gain of the recipe: trainings are uncertain, too."""
    parts: VarianceParts
    training_sd: float
    """How far the true gains of two trainings are apart: their standard deviation."""
    detectable: float
    """The smallest true gain of the recipe that as many replicates would show above 0 in 80 % of studies."""


def measure(base: Counts, candidates: Sequence[Counts], *, samples: int, k: int, confidence: float) -> MeasuredRecipe:
    """Measure gains from the right samples per problem of the base and of two replicates or more."""
    _check(base, candidates)
    table, noise = passk.pass_table(samples, k), passk.noise_table(samples, k)
    solved = np.array([table[each] for each in candidates])
    gains = solved - table[base]
    replicates, problems = gains.shape
    by_problem = float(gains.mean(axis=0).var(ddof=1)) / problems
    between = float(gains.mean(axis=1).var(ddof=1))
    within = _interaction(solved) / problems
    reach = float(half_width(by_problem, between, within, size=(replicates, problems), confidence=confidence))
    value = float(gains.mean())
    training = max(0.0, between - within)
    shares = float(noise[base].mean()) / problems, float(noise[np.array(candidates)].mean()) / (problems * replicates)
    error = math.sqrt(by_problem + training / replicates)
    return MeasuredRecipe(
        models=tuple(_of_one(each, confidence) for each in gains),
        recipe=GainEstimate(value, value - reach, value + reach),
        parts=VarianceParts(max(0.0, by_problem - sum(shares)), *shares, training / replicates),
        training_sd=math.sqrt(training),
        detectable=reach + normal_quantile(POWER) * error,
    )


def half_width(
    by_problem: ArrayLike, between: ArrayLike, within: ArrayLike, *, size: tuple[int, int], confidence: float
) -> Floats:
    """Return the half width of the recipe's interval; `size` is the number of replicates and of problems.

    The variance is a sum of estimates with their own degrees of freedom: many for problems, few for trainings. How many
    the sum has follows from their weights (Satterthwaite 1946).
    """
    replicates, problems = size
    of_problems, spread = np.asarray(by_problem, dtype=np.float64), np.asarray(between, dtype=np.float64)
    extra = np.maximum(0.0, spread - np.asarray(within)) / replicates
    total = of_problems + extra
    doubt = of_problems**2 / (problems - 1) + np.where(extra > 0, (spread / replicates) ** 2 / (replicates - 1), 0.0)
    degrees = np.divide(total**2, doubt, out=np.full_like(total, np.inf), where=doubt > 0)
    found: Floats = student.reach(confidence, np.maximum(1.0, degrees)) * np.sqrt(total)
    return found


def _interaction(solved: Floats) -> float:
    """Return the variance of a replicate on a problem that neither of the two explains: mostly its samples."""
    replicates, problems = map(int, solved.shape)
    rest = solved - solved.mean(axis=0) - solved.mean(axis=1, keepdims=True) + solved.mean()
    return float((rest**2).sum() / ((replicates - 1) * (problems - 1)))


def _of_one(gains: Floats, confidence: float) -> GainEstimate:
    """Return the gain of one model."""
    value = float(gains.mean())
    reach = float(student.reach(confidence, gains.size - 1)) * float(gains.std(ddof=1)) / math.sqrt(gains.size)
    return GainEstimate(value, value - reach, value + reach)


def _check(base: Counts, candidates: Sequence[Counts]) -> None:
    """Refuse what has no spread, or is about different problems."""
    if len(candidates) < 2:
        raise BadInput(f"a recipe needs two replicates or more, and there is {len(candidates)}")
    if base.size < 2 or any(each.shape != base.shape for each in candidates):
        raise BadInput("replicates and base must be graded on the same problems, two or more")
