"""Two laws of a grid over T_train and T_eval, where all problems are alike and the base's best decoding is known.

Without truncation in training only the product of the temperatures counts, so that cells of equal product agree, and
no cell is above the base's best decoding. With truncation both may fail: that is the method's gain.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import sqrt
from statistics import NormalDist

from ssd_jobs.scoring.formatting import percent
from ssd_jobs.study.document import Study

__all__ = ["Collapse", "GridCell", "cells", "judge", "tell"]

CONFIDENCE = 0.95
LEAST_AGREEING = 0.9
DIGITS = 6
"""Products are equal up to rounding."""


@dataclass(frozen=True)
class GridCell:
    """A candidate at one decode setting."""

    train: float
    decode: float
    truncated: bool
    """Whether its training samples were cut."""
    right: int
    samples: int

    @property
    def share(self) -> float:
        """Return the share of right samples."""
        return self.right / self.samples

    def interval(self, confidence: float) -> tuple[float, float]:
        """Return Wilson's interval of its true share."""
        z = NormalDist().inv_cdf((1 + confidence) / 2)
        scale = 1 + z**2 / self.samples
        middle = (self.share + z**2 / (2 * self.samples)) / scale
        half = z / scale * sqrt(self.share * (1 - self.share) / self.samples + z**2 / (4 * self.samples**2))
        return middle - half, middle + half


@dataclass(frozen=True)
class Collapse:
    """What a grid says of both laws."""

    pairs: int
    """Untruncated cells of equal product."""
    agreeing: int
    """Pairs whose difference has 0 in its interval."""
    cells: int
    above: tuple[GridCell, ...]
    """Untruncated cells whose simultaneous interval lies above the base's best decoding."""
    best_truncated: GridCell
    truncated_low: float
    """Where its simultaneous interval begins."""


def cells(study: Study) -> list[GridCell]:
    """Return the candidates of a study on the part on which every setting was tried."""
    part = "select" if any(each.part == "select" for each in study.points) else "report"
    problems = study.problems["all"] if study.best is None or part == "report" else study.best.select_problems
    samples = problems * study.samples
    return [
        GridCell(
            train=each.train.temperature,
            decode=each.decode.temperature,
            truncated=bool(each.train.top_k or each.train.top_p < 1),
            right=round(each.pass_at[1]["all"].value * samples),
            samples=samples,
        )
        for each in study.points
        if each.arm == "Candidate" and each.part == part
    ]


def judge(found: Sequence[GridCell], best_base: float) -> Collapse:
    """Return what the cells say; all simultaneous intervals together hold with 95 %."""
    plain = [each for each in found if not each.truncated]
    pairs = [each for each in combinations(plain, 2) if _product(each[0]) == _product(each[1])]
    confidence = 1 - (1 - CONFIDENCE) / len(found)
    best = max((each for each in found if each.truncated), key=lambda each: each.share)
    return Collapse(
        pairs=len(pairs),
        agreeing=sum(_agree(*pair) for pair in pairs),
        cells=len(plain),
        above=tuple(each for each in plain if each.interval(confidence)[0] > best_base),
        best_truncated=best,
        truncated_low=best.interval(confidence)[0],
    )


def tell(law: Collapse, best_base: float) -> tuple[str, bool]:
    """Return a sentence about both laws, and whether they hold."""
    holds = law.agreeing >= LEAST_AGREEING * law.pairs and not law.above and law.truncated_low > best_base
    sentence = (
        f"{law.agreeing} of {law.pairs} pairs of equal product agree; {len(law.above)} of {law.cells} untruncated "
        f"cells are above the base's best decoding ({percent(best_base)} %); the best truncated cell has "
        f"{percent(law.best_truncated.share)} %, at least {percent(law.truncated_low)} % with all others"
    )
    return sentence, holds


def _product(cell: GridCell) -> float:
    return round(cell.train * cell.decode, DIGITS)


def _agree(one: GridCell, other: GridCell) -> bool:
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    spread = sqrt(sum(each.share * (1 - each.share) / each.samples for each in (one, other)))
    return abs(one.share - other.share) <= z * spread
