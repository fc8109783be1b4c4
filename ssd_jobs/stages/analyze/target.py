"""How close training came to what it trains towards: the base's own distribution, tempered and cut as its samples were.

Fine-tuning on the base's samples is cross-entropy to this target (proposition B.2), so a student that learned it
perfectly is at a distance of 0 from it, has no mass outside its support, and orders the tokens inside as the base does.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from ssd_jobs.contract import Decode
from ssd_jobs.engine import decoding

__all__ = ["WIDEST", "Aim", "Distance", "distance", "of"]

Floats = npt.NDArray[np.float64]
WIDEST = 128
"""Tokens of a support that are kept; a position with a wider one is left out."""


@dataclass(frozen=True)
class Aim:
    """What training trains towards at some positions."""

    tokens: npt.NDArray[np.int64]
    """(positions, widest): the support, likeliest first"""
    shares: Floats
    """(positions, widest): their probabilities, 0 beyond the support"""
    size: Floats
    """(positions,): how many tokens the support has"""
    tempered_mass: Floats
    """(positions,): how much of the tempered distribution the support holds"""

    @property
    def usable(self) -> npt.NDArray[np.bool_]:
        """Which positions have a support that is kept whole."""
        return np.asarray(self.size <= self.tokens.shape[1])

    def part(self, rows: slice) -> "Aim":
        """Return some positions."""
        return Aim(**{name: values[rows] for name, values in vars(self).items()})

    @staticmethod
    def join(parts: Sequence["Aim"]) -> "Aim":
        """Concatenate the positions of several parts."""
        return Aim(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])})


@dataclass(frozen=True)
class Distance:
    """How far a model is from the target at some positions; NaN where there is nothing to compare."""

    divergence: Floats
    """Of the model from the target, in nats"""
    mass_inside: Floats
    """The model's probability of the support"""
    inversions: Floats
    """Share of the pairs of the support's tokens that the model has in the other order than the base"""


def of(logits: torch.Tensor, sampling: Decode) -> Aim:
    """Return the target of a base model's logits under the setting of the training samples."""
    shares = decoding.probabilities(logits, sampling)
    tempered = (logits.float() / (sampling.temperature or 1.0)).softmax(-1)
    best = shares.topk(min(WIDEST, shares.shape[-1]), dim=-1)
    return Aim(
        tokens=best.indices.cpu().numpy(),
        shares=best.values.double().cpu().numpy(),
        size=(shares > 0).sum(-1).double().cpu().numpy(),
        tempered_mass=tempered.where(shares > 0, 0.0).sum(-1).double().cpu().numpy(),
    )


def distance(logprobs: torch.Tensor, target: Aim) -> Distance:
    """Return how far a model's distributions are from the target."""
    tokens = torch.from_numpy(target.tokens).to(logprobs.device)
    found = logprobs.gather(-1, tokens).double().cpu().numpy()
    shares, inside = target.shares, target.shares > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(inside, shares * (np.log(shares) - found), 0.0)
    values = terms.sum(axis=1), np.where(inside, np.exp(found), 0.0).sum(axis=1), _inversions(found, shares)
    return Distance(*(np.where(target.usable, each, np.nan) for each in values))


def _inversions(found: Floats, shares: Floats) -> Floats:
    """Return the share of pairs that are in the other order; tokens that are equal in the base have none."""
    pairs = (shares[:, :, None] > shares[:, None, :]) & (shares[:, None, :] > 0)
    swapped = pairs & (found[:, :, None] < found[:, None, :])
    with np.errstate(invalid="ignore"):
        return np.asarray(swapped.sum(axis=(1, 2)) / pairs.sum(axis=(1, 2)), dtype=np.float64)
