"""The four curves: probability by rank, surviving tokens, entropy, and entropy by how much the first 20 tokens hold.

All work on log-probabilities sorted from the likeliest token down, one row per position.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ssd_jobs.contract import Decode

__all__ = ["EDGES", "RANKS", "Arm", "measure", "summary"]

Floats = npt.NDArray[np.float64]
RANKS = 60
HEAD = 20
EDGES = (0.95, 0.98, 0.99, 0.995, 0.999)
"""Bins by the base model's mass in its 20 likeliest tokens."""


@dataclass(frozen=True)
class Arm:
    """What one model's distributions look like, position by position."""

    cumulative: Floats
    """(positions, ranks): probability of the likeliest tokens up to each rank"""
    entropy: Floats
    """(positions,): nats, untruncated, at temperature 1"""
    survivors: Floats
    """(positions, temperatures): tokens that the truncation leaves"""
    truncated_entropy: Floats
    """(positions, temperatures): nats after truncation"""

    @property
    def head_mass(self) -> Floats:
        """The probability of the 20 likeliest tokens."""
        return self.cumulative[:, min(HEAD, self.cumulative.shape[1]) - 1]

    @staticmethod
    def join(parts: Sequence["Arm"]) -> "Arm":
        """Concatenate the positions of several parts."""
        names = ("cumulative", "entropy", "survivors", "truncated_entropy")
        return Arm(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def measure(sorted_logprobs: Floats, entropy: Floats, decode: Decode, temperatures: Sequence[float]) -> Arm:
    """Measure some positions; `sorted_logprobs` holds at least the first `top_k` tokens, or all without top-k."""
    kept = sorted_logprobs[:, : decode.top_k or None]
    pairs = [_truncated(kept / temperature, decode.top_p) for temperature in temperatures]
    return Arm(
        cumulative=np.cumsum(np.exp(sorted_logprobs[:, :RANKS]), axis=1),
        entropy=entropy,
        survivors=np.stack([count for count, _ in pairs], axis=1),
        truncated_entropy=np.stack([value for _, value in pairs], axis=1),
    )


def summary(base: Arm, candidate: Arm, temperatures: Sequence[float]) -> dict[str, Any]:
    """Return the curves of both arms over the same positions."""
    bins = np.digitize(base.head_mass, EDGES)
    return {
        "positions": len(base.entropy),
        "temperatures": list(temperatures),
        "bins": {
            "edges": list(EDGES),
            "by": f"base model's mass in its {HEAD} likeliest tokens",
            "positions": [int((bins == number).sum()) for number in range(len(EDGES) + 1)],
        },
        "base": _curves(base, bins),
        "candidate": _curves(candidate, bins),
    }


def _curves(arm: Arm, bins: npt.NDArray[np.intp]) -> dict[str, Any]:
    """Return the means; an empty bin has none."""
    chosen = [bins == number for number in range(len(EDGES) + 1)]
    return {
        "cumulative_probability": arm.cumulative.mean(axis=0).tolist(),
        "entropy": float(arm.entropy.mean()),
        "surviving_tokens": arm.survivors.mean(axis=0).tolist(),
        "truncated_entropy": arm.truncated_entropy.mean(axis=0).tolist(),
        "truncated_entropy_by_bin": [
            arm.truncated_entropy[rows].mean(axis=0).tolist() if rows.any() else None for rows in chosen
        ],
    }


def _truncated(logits: Floats, top_p: float) -> tuple[Floats, Floats]:
    """Return how many tokens survive top-p inside the kept ones, and the entropy of what remains."""
    weights = np.exp(logits - logits[:, :1])
    probabilities = weights / weights.sum(axis=1, keepdims=True)
    before = np.cumsum(probabilities, axis=1) - probabilities
    alive = (before < top_p) | (np.arange(logits.shape[1]) == 0)
    survivors = np.where(alive, probabilities, 0.0)
    survivors /= survivors.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        surprise = np.where(survivors > 0, -survivors * np.log(survivors), 0.0)
    return alive.sum(axis=1).astype(np.float64), surprise.sum(axis=1)
