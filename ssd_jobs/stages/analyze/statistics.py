"""The four curves: probability by rank, surviving tokens, entropy, and entropy by how much the first 20 tokens hold;
and how far both models are from what training aims at.

All work on log-probabilities sorted from the likeliest token down, one row per position.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from ssd_jobs.contract import Truncation
from ssd_jobs.stages.analyze.resampling import CONFIDENCE, Resampled, Resampling
from ssd_jobs.stages.analyze.target import Aim, Distance

__all__ = ["BINS", "RANKS", "Arm", "Positions", "measure", "summary"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
RANKS = 60
HEAD = 20
BINS = 5
"""Equal shares of the positions, by the base model's mass in its 20 likeliest tokens."""
HEAD_DIGITS = 6
"""Differences below are rounding, and would make bins of their own."""
EDGE = 1e-9
"""What a sum of many probabilities may be off by: a token at the very edge of top-p is outside."""


@dataclass(frozen=True)
class Arm:
    """What one model's distributions look like, position by position."""

    cumulative: Floats
    """(positions, ranks): probability of the likeliest tokens up to each rank"""
    entropy: Floats
    """(positions,): nats, untruncated, at temperature 1"""
    rank: Floats
    """(positions,): the place of the token that follows in the text, 1 for the likeliest"""
    survivors: Floats
    """(positions, temperatures): tokens that the truncation leaves; no columns without a truncation"""
    truncated_entropy: Floats
    """(positions, temperatures): nats after truncation; no columns without one"""
    divergence: Floats
    """(positions,): from what training aims at, in nats; like the next two NaN where that is not known whole"""
    mass_inside: Floats
    """(positions,): probability of the tokens that the training samples could have"""
    inversions: Floats
    """(positions,): share of pairs of those tokens that are in another order than in the base"""

    @property
    def head_mass(self) -> Floats:
        """The probability of the 20 likeliest tokens."""
        return self.cumulative[:, min(HEAD, self.cumulative.shape[1]) - 1]

    @staticmethod
    def join(parts: Sequence["Arm"]) -> "Arm":
        """Concatenate the positions of several parts."""
        return Arm(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])})


@dataclass(frozen=True)
class Positions:
    """Where the positions come from."""

    problem: npt.NDArray[np.int64]
    """(positions,): the number of the problem, from 0"""
    passing: Bools
    """(positions,): whether the text passed its tests"""


def measure(
    sorted_logprobs: torch.Tensor,
    *,
    entropy: Floats,
    rank: Floats,
    distance: Distance,
    truncation: Truncation | None,
    temperatures: Sequence[float],
) -> Arm:
    """Measure some positions; `sorted_logprobs` holds at least the first `top_k` tokens, or all without top-k.

    It stays where the model is: without top-k it is as wide as the vocabulary.
    """
    survivors = truncated = np.empty((len(entropy), 0))
    if truncation is not None:
        kept = sorted_logprobs[:, : truncation.top_k or None]
        pairs = [_truncated(kept / temperature, truncation.top_p) for temperature in temperatures]
        survivors, truncated = (np.stack(columns, axis=1) for columns in zip(*pairs, strict=True))
    return Arm(
        cumulative=sorted_logprobs[:, :RANKS].exp().cumsum(dim=1).cpu().numpy(),
        entropy=entropy,
        rank=rank,
        survivors=survivors,
        truncated_entropy=truncated,
        divergence=distance.divergence,
        mass_inside=distance.mass_inside,
        inversions=distance.inversions,
    )


def summary(
    base: Arm,
    candidate: Arm,
    target: Aim,
    positions: Positions,
    *,
    truncation: Truncation | None,
    temperatures: Sequence[float],
    resampling: Resampling,
) -> dict[str, Any]:
    """Return the curves of both arms over the same positions, and of their difference, with intervals by problem."""
    bins, edges = _bins(base.head_mass)
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


def _bins(head_mass: Floats) -> tuple[npt.NDArray[np.intp], list[float]]:
    """Return the bin of every position and the edges between bins; positions of equal mass are in one bin."""
    mass = head_mass.round(HEAD_DIGITS)
    wanted = np.quantile(mass, np.arange(1, BINS) / BINS, method="higher")
    edges = [float(edge) for edge in np.unique(wanted) if edge > mass.min()]
    return np.digitize(mass, edges), edges


def _truncated(logits: torch.Tensor, top_p: float) -> tuple[Floats, Floats]:
    """Return how many tokens survive top-p inside the kept ones, and the entropy of what remains."""
    probabilities = logits.softmax(dim=1)
    before = probabilities.cumsum(dim=1) - probabilities
    # At top-p 1 everything survives, whatever rounding makes of the sum.
    alive = torch.ones_like(before, dtype=torch.bool) if top_p == 1 else before < top_p - EDGE
    alive[:, 0] = True
    survivors = probabilities.where(alive, 0.0)
    survivors = survivors / survivors.sum(dim=1, keepdim=True)
    entropy = torch.special.entr(survivors).sum(dim=1)
    return alive.sum(dim=1).double().cpu().numpy(), entropy.cpu().numpy()
