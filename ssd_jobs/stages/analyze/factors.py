"""What the candidate gains on the token that follows, in the two factors of proposition B.3.

Where the token is one that the training samples could have (S), its probability under the candidate is that under the
base times two factors: how much more of the candidate lies in S (support compression), and how much larger a share of S
the token has (reshaping). Both are measured, and both are known for a student that learned its target perfectly, so
that the page can say how much of a gain is truncation that was baked in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ssd_jobs.stages.analyze.measurement import Arm, Positions
from ssd_jobs.stages.analyze.resampling import Resampling
from ssd_jobs.stages.analyze.target import Aim

__all__ = ["Factors", "of"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Factors:
    """Logarithms of the factors, each (positions, temperatures); NaN where the token is none of S."""

    compression: Floats
    reshaping: Floats
    perfect_compression: Floats
    """Of a student that learned its target perfectly"""
    perfect_reshaping: Floats

    @property
    def inside(self) -> Bools:
        """Where the token that follows is one that the training samples could have."""
        return np.asarray(~np.isnan(self.perfect_reshaping).any(axis=1))

    def summary(self, where: Bools, resampling: Resampling) -> dict[str, Any]:
        """Return the means over those of some positions whose token is in S, and how many tokens are not."""
        rows = where & self.inside
        return {
            "positions": int(rows.sum()),
            "inside": resampling.mean(self.inside, where).values(),
            **{name: resampling.mean(values, rows).values() for name, values in vars(self).items()},
            "gain": resampling.mean(self.compression + self.reshaping, rows).values(),
            "perfect_gain": resampling.mean(self.perfect_compression + self.perfect_reshaping, rows).values(),
        }


def of(base: Arm, candidate: Arm, target: Aim, positions: Positions, temperatures: Sequence[float]) -> Factors:
    """Return the factors of the token that follows, by how hot both models are decoded."""
    perfect = _perfect(target, positions, temperatures)
    before = base.following - base.inside
    known = ~np.isnan(perfect)
    values = (
        candidate.inside - base.inside,
        candidate.following - candidate.inside - before,
        -base.inside,
        perfect - before,
    )
    return Factors(*(np.where(known, each, np.nan) for each in values))


def _perfect(target: Aim, positions: Positions, temperatures: Sequence[float]) -> Floats:
    """Return the token's log-probability under the student of proposition B.2: the target, tempered in its support."""
    with np.errstate(divide="ignore"):
        logs = np.log(target.shares)
    here = (target.tokens == positions.following[:, None]) & (target.shares > 0)
    known = here.any(axis=1) & target.usable
    columns = []
    for temperature in temperatures:
        scaled = logs / temperature
        whole = np.logaddexp.reduce(scaled, axis=1)
        columns.append(np.where(here, scaled, -np.inf).max(axis=1) - whole)
    return np.where(known[:, None], np.stack(columns, axis=1), np.nan)
