"""How a tempered distribution moves with its exponent and its temperature.

The derivatives are given in closed form, as covariances and variances of log p; the tests compare them with finite
differences. They say why temperature acts where a distribution is spread (a fork) and hardly where it is not (a lock).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ssd_jobs.theory.distributions import Distribution, Support, entropy, keep, temper

__all__ = [
    "EntropySplit",
    "covariance",
    "entropy_slope_in_exponent",
    "entropy_slope_in_temperature",
    "expectation_slope",
    "split_entropy",
]


@dataclass(frozen=True, slots=True)
class EntropySplit:
    """Entropy (30) as: in or out of the support, where within it, where outside."""

    gate: float
    head: float
    tail: float

    @property
    def total(self) -> float:
        """The entropy again."""
        return self.gate + self.head + self.tail


def covariance(p: Distribution, f: Distribution, g: Distribution) -> float:
    """Cov(f, g) under p."""
    return float(p @ (f * g) - (p @ f) * (p @ g))


def expectation_slope(p: Distribution, f: Distribution, exponent: float) -> float:
    """d/dgamma of E f under p^gamma (19): the covariance of f and log p."""
    return covariance(temper(p, 1.0 / exponent), f, np.log(p))


def entropy_slope_in_exponent(p: Distribution, exponent: float) -> float:
    """d/dgamma of the entropy of p^gamma (22): never positive."""
    logs = np.log(p)
    return -exponent * covariance(temper(p, 1.0 / exponent), logs, logs)


def entropy_slope_in_temperature(p: Distribution, temperature: float) -> float:
    """d/dT of the entropy of p^(1/T): variance over T cubed, never negative; inside a head it is (31)."""
    logs = np.log(p)
    return covariance(temper(p, temperature), logs, logs) / temperature**3


def split_entropy(p: Distribution, support: Support) -> EntropySplit:
    """The three parts of the entropy (30)."""
    mass = float(p[support].sum())
    return EntropySplit(
        gate=entropy(np.array([mass, max(0.0, 1.0 - mass)])),
        head=mass * entropy(keep(p, support)) if support.any() else 0.0,
        tail=(1.0 - mass) * entropy(keep(p, ~support)) if not support.all() else 0.0,
    )
