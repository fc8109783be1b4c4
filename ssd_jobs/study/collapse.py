"""Two laws of a grid over T_train and T_eval, where all problems are alike and the base's best decoding is known.

Without truncation in training only the product of the temperatures counts, so that cells of equal product agree, and
no model is above the base's best decoding. With truncation both may fail: that is the method's gain.

The first is a law of the recipe, and two cells of one product are two trainings. Each learns the frequencies of its own
16,000 programs, and that alone moves a cell by up to 1.3 points, where the samples of its evaluation move it by 0.7
(exact arithmetic on the machine, `tests/ssd_jobs/study/test_collapse.py`). So a cell is several trainings, and a pair
agrees when 0 is in Welch's interval of the difference of their means, whose standard error comes from how far the
trainings lie apart; it is never below that of the samples alone. The second is a statement about models: no single one
of them is above, with the interval of its own samples, all intervals holding together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import sqrt
from statistics import NormalDist, fmean, variance

from ssd_jobs.errors import BadInput
from ssd_jobs.scoring.formatting import percent
from ssd_jobs.scoring.student import reach
from ssd_jobs.study.document import Study

__all__ = ["Collapse", "GridCell", "TrainedModel", "cells", "judge", "tell"]

CONFIDENCE = 0.95
LEAST_AGREEING = 0.9
DIGITS = 6
"""Products are equal up to rounding."""


@dataclass(frozen=True)
class TrainedModel:
    """One training at one decode setting."""

    right: int
    samples: int

    @property
    def share(self) -> float:
        """Return the share of right samples."""
        return self.right / self.samples

    def low(self, confidence: float) -> float:
        """Return the lower end of Wilson's interval of its true share."""
        z = NormalDist().inv_cdf((1 + confidence) / 2)
        middle = self.share + z**2 / (2 * self.samples)
        half = z * sqrt(self.share * (1 - self.share) / self.samples + z**2 / (4 * self.samples**2))
        return (middle - half) / (1 + z**2 / self.samples)


@dataclass(frozen=True)
class GridCell:
    """The candidates of one recipe at one decode setting."""

    train: float
    decode: float
    truncated: bool
    """Whether their training samples were cut."""
    models: tuple[TrainedModel, ...]

    @property
    def share(self) -> float:
        """Return the share of right samples, in the mean of the trainings."""
        return fmean(each.share for each in self.models)

    @property
    def variance(self) -> float:
        """Return the variance of that mean: trainings and samples, and at least that of the samples."""
        samples = self.share * (1 - self.share) / self.models[0].samples
        return max(variance(each.share for each in self.models), samples) / len(self.models)


@dataclass(frozen=True)
class Collapse:
    """What a grid says of both laws."""

    pairs: int
    """Untruncated cells of equal product."""
    agreeing: int
    """Pairs whose difference has 0 in its interval."""
    models: int
    """Untruncated ones, at each setting."""
    above: int
    """Those whose simultaneous interval lies above the base's best decoding."""
    best_truncated: float
    """The share of the best truncated model."""
    truncated_low: float
    """Where its simultaneous interval begins."""


def cells(study: Study) -> list[GridCell]:
    """Return the candidates of a study on the part on which every setting was tried."""
    part = "select" if any(each.part == "select" for each in study.points) else "report"
    problems = study.problems["all"] if study.best is None or part == "report" else study.best.select_problems
    samples = problems * study.samples
    found: dict[tuple[float, float, bool], list[TrainedModel]] = {}
    for each in study.points:
        if each.arm == "Candidate" and each.part == part:
            cell = (each.train.temperature, each.decode.temperature, bool(each.train.top_k or each.train.top_p < 1))
            model = TrainedModel(right=round(each.pass_at[1]["all"].value * samples), samples=samples)
            found.setdefault(cell, []).append(model)
    return [GridCell(*cell, tuple(models)) for cell, models in found.items()]


def judge(found: Sequence[GridCell], best_base: float) -> Collapse:
    """Return what the cells say; all simultaneous intervals together hold with 95 %."""
    if any(len(each.models) < 2 for each in found):
        raise BadInput(
            "a grid of one training per cell cannot tell how far trainings lie apart; set replicates to 2 or more"
        )
    plain = [each for each in found if not each.truncated]
    pairs = [each for each in combinations(plain, 2) if _product(each[0]) == _product(each[1])]
    confidence = 1 - (1 - CONFIDENCE) / sum(len(each.models) for each in found)
    models = [model for each in plain for model in each.models]
    best = max((model for each in found if each.truncated for model in each.models), key=lambda each: each.share)
    return Collapse(
        pairs=len(pairs),
        agreeing=sum(_agree(*pair) for pair in pairs),
        models=len(models),
        above=sum(each.low(confidence) > best_base for each in models),
        best_truncated=best.share,
        truncated_low=best.low(confidence),
    )


def tell(law: Collapse, best_base: float) -> tuple[str, bool]:
    """Return a sentence about both laws, and whether they hold."""
    holds = law.agreeing >= LEAST_AGREEING * law.pairs and not law.above and law.truncated_low > best_base
    sentence = (
        f"{law.agreeing} of {law.pairs} pairs of equal product agree; {law.above} of {law.models} untruncated models "
        f"are above the base's best decoding ({percent(best_base)} %); the best truncated one has "
        f"{percent(law.best_truncated)} %, at least {percent(law.truncated_low)} % with all others"
    )
    return sentence, holds


def _product(cell: GridCell) -> float:
    return round(cell.train * cell.decode, DIGITS)


def _agree(one: GridCell, other: GridCell) -> bool:
    """Tell whether 0 is in the interval of the difference."""
    total = one.variance + other.variance
    if not total:
        return one.share == other.share
    degrees = total**2 / sum(each.variance**2 / (len(each.models) - 1) for each in (one, other))
    return abs(one.share - other.share) <= float(reach(CONFIDENCE, degrees)) * sqrt(total)
