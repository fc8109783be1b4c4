"""The statistics of both models over the same positions: the paper's four curves, how far they are from the target,
and, each in a module of its own, ranks, factors and splits.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ssd_jobs.contract import Truncation
from ssd_jobs.stages.analyze import ranks, splits
from ssd_jobs.stages.analyze.factors import Factors
from ssd_jobs.stages.analyze.measurement import HEAD, Arm, Positions
from ssd_jobs.stages.analyze.resampling import CONFIDENCE, Resampled, Resampling
from ssd_jobs.stages.analyze.splits import quantile_bins
from ssd_jobs.stages.analyze.target import Aim

__all__ = ["summary"]


def summary(
    base: Arm,
    candidate: Arm,
    target: Aim,
    positions: Positions,
    gained: Factors,
    *,
    truncation: Truncation | None,
    temperatures: Sequence[float],
    resampling: Resampling,
) -> dict[str, Any]:
    """Return the curves of both arms over the same positions, and of their difference, with intervals by problem."""
    bins, edges = quantile_bins(base.head_mass)
    arms = [_curves(arm, positions, bins, resampling, truncated=truncation is not None) for arm in (base, candidate)]
    difference = {name: arms[1][name] - arms[0][name] for name in arms[0]}
    found = {"base": arms[0], "candidate": arms[1], "difference": difference}
    return {
        "problems": resampling.problems,
        "positions": len(base.entropy),
        "positions_of_passing": int(positions.passing.sum()),
        "temperatures": list(temperatures),
        "truncation": truncation.model_dump() if truncation else None,
        "target": _aim(target, resampling),
        "confidence": CONFIDENCE,
        "bins": {
            "edges": edges,
            "by": f"base model's mass in its {HEAD} likeliest tokens",
            "positions": [int((bins == number).sum()) for number in range(len(edges) + 1)],
        },
        **{arm: {name: each.values() for name, each in curves.items()} for arm, curves in found.items()},
        "ranks": ranks.summary(base, candidate, positions, gained.inside, resampling),
        "factors": gained.summary(positions.passing, resampling),
        "splits": [
            splits.summary(each, base, candidate, target, positions, gained, resampling)
            for each in splits.of(base, positions)
        ],
    }


def _aim(target: Aim, resampling: Resampling) -> dict[str, Any] | None:
    """Return what training aims at, None where it is too wide to be known whole anywhere."""
    usable = target.usable
    if not usable.any():
        return None
    means = {"tokens": target.size, "tempered_mass": target.tempered_mass}
    return {
        "positions": int(usable.sum()),
        **{name: resampling.mean(values, usable).values() for name, values in means.items()},
    }


def _curves(
    arm: Arm, positions: Positions, bins: npt.NDArray[np.intp], resampling: Resampling, *, truncated: bool
) -> dict[str, Resampled]:
    """Return the means; the curves by bin have a row for each."""
    everywhere = np.ones(len(arm.entropy), np.bool_)
    found = {
        "cumulative_probability": resampling.mean(arm.cumulative, everywhere),
        "entropy": resampling.mean(arm.entropy, everywhere),
        "likeliest_in_passing": resampling.mean(arm.rank == 1, positions.passing),
    }
    distances = {"divergence": arm.divergence, "mass_inside": arm.mass_inside, "inversions": arm.inversions}
    for name, values in distances.items():
        if (known := ~np.isnan(values)).any():
            found[name] = resampling.mean(values, known)
    if truncated:
        within = [bins == number for number in range(bins.max() + 1)]
        found |= {
            "surviving_tokens": resampling.mean(arm.survivors, everywhere),
            "truncated_entropy": resampling.mean(arm.truncated_entropy, everywhere),
            "truncated_entropy_by_bin": Resampled.stack(
                [resampling.mean(arm.truncated_entropy, rows) for rows in within]
            ),
        }
    return found
