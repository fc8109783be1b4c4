"""Both models on groups of positions: by the base's entropy, by forks and locks, and by what the token is in Python.

A position is *certain* where one token of the base has nearly everything, a *lock* where one has at least half, and a
*fork* where none has. The paper names no such border; this one can be read off a distribution.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from ssd_jobs.stages.analyze.factors import Factors
from ssd_jobs.stages.analyze.measurement import Arm, Positions
from ssd_jobs.stages.analyze.resampling import Resampled, Resampling
from ssd_jobs.stages.analyze.target import Aim
from ssd_jobs.stages.analyze.token_classes import CLASSES

__all__ = ["BINS", "DIGITS", "KINDS", "Partition", "kinds", "of", "quantile_bins", "summary"]

Floats = npt.NDArray[np.float64]
BINS = 5
"""Equal shares of the positions."""
DIGITS = 6
"""Smaller differences of a mass are rounding, and would make bins of their own."""
ENTROPY_DIGITS = 2
"""The same of an entropy in nats."""
KIND = "kind"
KINDS = ("fork", "lock", "certain")
LOCK, CERTAIN = 0.5, 0.99
"""From which probability of the base's likeliest token on a position is one."""


@dataclass(frozen=True)
class Partition:
    """A partition of the positions."""

    by: str
    labels: tuple[str, ...]
    group: npt.NDArray[np.intp]
    """(positions,): the number of its label"""


def of(base: Arm, positions: Positions) -> Iterator[Partition]:
    """Yield every split; groups without positions are left out."""
    yield _without_empty(KIND, KINDS, kinds(base))
    bins, edges = quantile_bins(base.entropy, digits=ENTROPY_DIGITS)
    yield Partition("entropy", _ranges(edges), bins)
    yield _without_empty("class", CLASSES, np.array([CLASSES.index(each) for each in positions.classes], np.intp))


def kinds(base: Arm) -> npt.NDArray[np.intp]:
    """Return the number of each position's kind."""
    likeliest = base.cumulative[:, 0]
    return np.asarray((likeliest >= LOCK).astype(np.intp) + (likeliest >= CERTAIN))


def quantile_bins(values: Floats, *, digits: int = DIGITS) -> tuple[npt.NDArray[np.intp], list[float]]:
    """Return the bin of every position and the edges between bins; positions of equal value are in one bin."""
    rounded = values.round(digits)
    wanted = np.quantile(rounded, np.arange(1, BINS) / BINS, method="higher")
    edges = [float(edge) for edge in np.unique(wanted) if edge > rounded.min()]
    return np.digitize(rounded, edges), edges


def summary(
    split: Partition,
    base: Arm,
    candidate: Arm,
    target: Aim,
    positions: Positions,
    factors: Factors,
    resampling: Resampling,
) -> dict[str, Any]:
    """Return what both models do in each group."""
    arms = [_measured(arm, positions, ranks=split.by == KIND) for arm in (base, candidate)]
    shared = {
        "target_tokens": np.where(target.usable, target.size, np.nan),
        "other_choice": (base.likeliest != candidate.likeliest).astype(np.float64),
        **vars(factors),
    }
    means = [{name: _by_group(split, values, resampling) for name, values in arm.items()} for arm in arms]
    return {
        "by": split.by,
        "labels": list(split.labels),
        "positions": [int((split.group == number).sum()) for number in range(len(split.labels))],
        "base": {name: each.values() for name, each in means[0].items()},
        "candidate": {name: each.values() for name, each in means[1].items()},
        "difference": {name: (each - means[0][name]).values() for name, each in means[1].items()},
        **{name: _by_group(split, values, resampling).values() for name, values in shared.items()},
    }


def _measured(arm: Arm, positions: Positions, *, ranks: bool) -> dict[str, Floats]:
    """Return what is averaged of an arm, NaN where a position does not count."""
    truncated = {"surviving_tokens": arm.survivors, "truncated_entropy": arm.truncated_entropy}
    return {
        "entropy": arm.entropy,
        **(truncated if arm.survivors.shape[1] else {}),
        "divergence": arm.divergence,
        "mass_inside": arm.mass_inside,
        **({"by_rank": arm.by_rank} if ranks else {}),
        "likeliest_in_passing": np.where(positions.passing, arm.rank == 1, np.nan),
    }


def _by_group(split: Partition, values: Floats, resampling: Resampling) -> Resampled:
    """Return the mean in each group, over the positions that count."""
    known = ~np.isnan(values).reshape(len(values), -1).any(axis=1)
    rows = [known & (split.group == number) for number in range(len(split.labels))]
    return Resampled.stack([resampling.mean(values, each) for each in rows])


def _without_empty(by: str, labels: tuple[str, ...], group: npt.NDArray[np.intp]) -> Partition:
    """Return a split whose labels are those that occur, in their order."""
    present, numbers = np.unique(group, return_inverse=True)
    return Partition(by, tuple(labels[number] for number in present), numbers.reshape(group.shape))


def _ranges(edges: list[float]) -> tuple[str, ...]:
    """Return how bins of entropy are called."""
    if not edges:
        return ("all",)
    words = [f"{edge:.{ENTROPY_DIGITS}f}" for edge in edges]
    return (f"below {words[0]}", *(f"{low}–{high}" for low, high in pairwise(words)), f"from {words[-1]}")
