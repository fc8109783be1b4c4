"""What decoding alone can and cannot do to a distribution.

Temperature, top-k and top-p in any order leave the teacher's own ranking: they cut it to a prefix and raise it to one
power (B.5). So decoding can never drop a likely token and keep a less likely one (B.6), and it scales the odds of all
kept pairs by one exponent, everywhere the same (B.7). A setting that must keep a rare right token at a fork and cut
the wrong tokens at a lock may therefore not exist; `feasible` is the condition (39).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from ssd_jobs.theory.distributions import Distribution, Support, keep, ranking, temper, top_k, top_p

__all__ = [
    "Operation",
    "Temperature",
    "TopK",
    "TopP",
    "decode",
    "feasible",
    "is_prefix",
    "power",
    "prefix_mass",
    "retains",
]


@dataclass(frozen=True, slots=True)
class Temperature:
    """Divide the logits."""

    value: float


@dataclass(frozen=True, slots=True)
class TopK:
    """Keep so many tokens."""

    k: int


@dataclass(frozen=True, slots=True)
class TopP:
    """Keep so much mass."""

    mass: float


Operation: TypeAlias = Temperature | TopK | TopP


def decode(p: Distribution, operations: Iterable[Operation]) -> Distribution:
    """Apply the operations one after the other, each to the renormalised result of the one before."""
    for operation in operations:
        match operation:
            case Temperature(value):
                p = temper(p, value)
            case TopK(k):
                p = keep(p, top_k(p, k))
            case TopP(mass):
                p = keep(p, top_p(p, mass))
    return p


def power(operations: Iterable[Operation]) -> float:
    """The one exponent that a chain of operations applies (35): the product of 1 / temperature."""
    return float(np.prod([1.0 / operation.value for operation in operations if isinstance(operation, Temperature)]))


def is_prefix(p: Distribution, support: Support) -> bool:
    """Whether the support is the m most probable tokens of p, for some m (B.6)."""
    ranked = support[ranking(p)]
    return bool(np.all(ranked[:-1] >= ranked[1:]))


def prefix_mass(p: Distribution, rank: int, *, temperature: float, k: int) -> float:
    """S_m: how much of the tempered top-k the first `rank` tokens hold; never grows with temperature."""
    tempered = temper(p, temperature)
    held = keep(tempered, top_k(tempered, k))
    return float(held[ranking(p)[:rank]].sum())


def retains(p: Distribution, rank: int, *, temperature: float, k: int, mass: float) -> bool:
    """Whether temperature, top-k, top-p in this order (vLLM's) keep the token of this rank, counted from 1."""
    kept = decode(p, (Temperature(temperature), TopK(k), TopP(mass))) > 0
    return bool(kept[ranking(p)[rank - 1]])


def feasible(
    fork: Distribution, fork_rank: int, lock: Distribution, lock_rank: int, *, temperature: float, k: int, mass: float
) -> bool:
    """Whether one setting keeps the fork's token of that rank and nothing of the lock beyond its rank (39)."""
    before = prefix_mass(fork, fork_rank - 1, temperature=temperature, k=k)
    enough = prefix_mass(lock, lock_rank, temperature=temperature, k=k)
    return (k == 0 or fork_rank <= k) and before < mass <= enough
