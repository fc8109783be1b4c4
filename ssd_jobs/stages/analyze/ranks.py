"""The rank of the token that a passing solution takes, before and after.

That self-distillation improves ranking is a popular claim. Proposition B.2 says the opposite of a perfect student: it
keeps the base's order in the support of its target. So ranks inside that support are counted apart.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from ssd_jobs.stages.analyze.measurement import Arm, Positions
from ssd_jobs.stages.analyze.resampling import Resampling

__all__ = ["summary"]

Bools = npt.NDArray[np.bool_]
STEPS = ((1, 1), (2, 2), (3, 5), (6, 20), (21, None))
"""First and last rank of each step; the last one is open."""


def summary(
    base: Arm, candidate: Arm, positions: Positions, inside: Bools, resampling: Resampling
) -> dict[str, Any] | None:
    """Return how ranks are distributed in both arms and how many moved; None where nothing passed."""
    passing = positions.passing
    if not passing.any():
        return None
    arms = [resampling.mean(_steps(arm), passing) for arm in (base, candidate)]
    moved = np.stack([candidate.rank < base.rank, candidate.rank > base.rank], axis=1)
    return {
        "steps": [list(each) for each in STEPS],
        "base": arms[0].values(),
        "candidate": arms[1].values(),
        "difference": (arms[1] - arms[0]).values(),
        "moved": {
            "as": ["better", "worse"],
            **{
                name: {"positions": int(rows.sum()), **resampling.mean(moved, rows).values()}
                for name, rows in (("all", passing), ("inside", passing & inside), ("outside", passing & ~inside))
            },
        },
    }


def _steps(arm: Arm) -> Bools:
    """Return in which step each rank is."""
    return np.stack([(arm.rank >= first) & (arm.rank <= (last or np.inf)) for first, last in STEPS], axis=1)
