"""What one model's distributions look like at some positions, as numbers that are small enough to be kept.

All works on log-probabilities sorted from the likeliest token down, one row per position.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from ssd_jobs.contract import Truncation
from ssd_jobs.stages.analyze.target import Aim, Distance

__all__ = ["HEAD", "RANKS", "Arm", "Followed", "Positions", "followed", "measure"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
RANKS = 60
HEAD = 20
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
    likeliest: Floats
    """(positions,): the token that greedy decoding takes"""
    following: Floats
    """(positions, temperatures): log-probability of the token that follows in the text, nothing cut"""
    inside: Floats
    """(positions, temperatures): log-probability of the tokens that the training samples could have; NaN as above"""

    @property
    def head_mass(self) -> Floats:
        """The probability of the 20 likeliest tokens."""
        return np.asarray(self.cumulative[:, min(HEAD, self.cumulative.shape[1]) - 1])

    @property
    def by_rank(self) -> Floats:
        """(positions, ranks): the probability of the token at each rank."""
        return np.diff(self.cumulative, axis=1, prepend=0.0)

    @staticmethod
    def join(parts: Sequence["Arm"]) -> "Arm":
        """Concatenate the positions of several parts."""
        return Arm(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])})


@dataclass(frozen=True)
class Followed:
    """What a model makes of the token that follows, and of the target's tokens, decoded hotter and colder."""

    rank: Floats
    likeliest: Floats
    following: Floats
    inside: Floats


@dataclass(frozen=True)
class Positions:
    """Where the positions come from."""

    problem: npt.NDArray[np.int64]
    """(positions,): the number of the problem, from 0"""
    passing: Bools
    """(positions,): whether the text passed its tests"""
    following: Ints
    """(positions,): the token that follows"""
    classes: tuple[str, ...]
    """(positions,): what that token is, in the words of `token_classes`"""


def measure(
    sorted_logprobs: torch.Tensor,
    *,
    entropy: Floats,
    followed: Followed,
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
        survivors=survivors,
        truncated_entropy=truncated,
        divergence=distance.divergence,
        mass_inside=distance.mass_inside,
        inversions=distance.inversions,
        **vars(followed),
    )


def followed(
    logprobs: torch.Tensor, following: torch.Tensor, target: Aim, *, temperatures: Sequence[float]
) -> Followed:
    """Return what a model's log-probabilities, one row per position, say of the tokens that follow."""
    tokens = torch.from_numpy(target.tokens).to(logprobs.device)
    outside = torch.from_numpy(target.shares == 0).to(logprobs.device)
    places = following[:, None]
    found, inside = [], []
    for temperature in temperatures:
        tempered = (logprobs / temperature).log_softmax(-1)
        found.append(tempered.gather(-1, places)[:, 0])
        inside.append(tempered.gather(-1, tokens).masked_fill(outside, float("-inf")).logsumexp(-1))
    rank = 1 + (logprobs > logprobs.gather(-1, places)).sum(-1)
    known = target.usable[:, None]
    return Followed(
        rank=_array(rank),
        likeliest=_array(logprobs.argmax(-1)),
        following=_array(torch.stack(found, dim=1)),
        inside=np.where(known, _array(torch.stack(inside, dim=1)), np.nan),
    )


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


def _array(values: torch.Tensor) -> Floats:
    return np.asarray(values.double().cpu().numpy())
