"""Finite distributions, and the three things that decoding does to them: temperature, top-k, top-p.

A distribution is a float64 vector that sums to one; a support is a boolean mask of the same length. Equal
probabilities are ranked by their index, so that every rank and every support is unique.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Distribution",
    "Support",
    "cross_entropy",
    "entropy",
    "keep",
    "kl",
    "ranking",
    "renyi_entropy",
    "temper",
    "top_k",
    "top_p",
]

Distribution: TypeAlias = NDArray[np.float64]
Support: TypeAlias = NDArray[np.bool_]


def keep(p: Distribution, support: Support) -> Distribution:
    """The distribution given that the token is in the support."""
    kept = np.where(support, p, 0.0)
    return np.asarray(kept / kept.sum(), dtype=np.float64)


def temper(p: Distribution, temperature: float, support: Support | None = None) -> Distribution:
    """Temper_T^S (5): p^(1/T) inside the support, zero outside, summing to one."""
    inside = p > 0 if support is None else support & (p > 0)
    with np.errstate(divide="ignore"):
        scaled = np.where(inside, np.log(p), -np.inf) / temperature
    weights = np.exp(scaled - scaled.max())
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def ranking(p: Distribution) -> NDArray[np.intp]:
    """Tokens from the most probable to the least."""
    return np.argsort(-p, kind="stable")


def top_k(p: Distribution, k: int) -> Support:
    """The k most probable tokens; 0 means all of them."""
    return _prefix(p, len(p) if k == 0 else k)


def top_p(p: Distribution, mass: float) -> Support:
    """The smallest set of most probable tokens whose probabilities sum to at least `mass`."""
    if mass >= 1.0:
        return p > 0
    reached = np.cumsum(p[ranking(p)])
    return _prefix(p, int(np.searchsorted(reached, mass, side="left")) + 1)


def entropy(p: Distribution) -> float:
    """Shannon entropy in nats."""
    return cross_entropy(p, p)


def renyi_entropy(p: Distribution, order: float) -> float:
    """Rényi entropy in nats; order 1 is Shannon's."""
    if order == 1.0:
        return entropy(p)
    powers = order * np.log(p[p > 0])
    return float(np.logaddexp.reduce(powers) / (1.0 - order))


def cross_entropy(q: Distribution, p: Distribution) -> float:
    """-sum q log p; infinite where q has mass and p none."""
    inside = q > 0
    with np.errstate(divide="ignore"):
        return float(-(q[inside] * np.log(p[inside])).sum())


def kl(q: Distribution, p: Distribution) -> float:
    """KL(q || p) in nats."""
    return cross_entropy(q, p) - entropy(q)


def _prefix(p: Distribution, length: int) -> Support:
    support = np.zeros(len(p), dtype=np.bool_)
    support[ranking(p)[:length]] = True
    return support
