"""What self-distillation trains towards at one context: the target, the loss and its three parts, the gradient.

The teacher p0 is sampled at temperature T through top-k and top-p. Fine-tuning on those samples is, in expectation,
cross-entropy to `target`. Its loss splits into three pulls and a constant (15): mass is drawn into the support, the
shape inside it is flattened (T > 1) or sharpened (T < 1), and both are anchored to the teacher's order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ssd_jobs.theory.distributions import (
    Distribution,
    Support,
    cross_entropy,
    entropy,
    keep,
    kl,
    renyi_entropy,
    temper,
    top_k,
    top_p,
)

__all__ = [
    "Decomposition",
    "Sampling",
    "decompose",
    "gradient",
    "gradient_by_parts",
    "kept_mass",
    "loss",
    "reshaping",
    "support",
    "target",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How the teacher is sampled; the default is plain sampling."""

    temperature: float = 1.0
    k: int = 0
    mass: float = 1.0


@dataclass(frozen=True, slots=True)
class Decomposition:
    """The loss (15), part by part."""

    compression: float
    reshaping: float
    alignment: float
    constant: float

    @property
    def total(self) -> float:
        """The loss again."""
        return self.compression + self.reshaping + self.alignment + self.constant


def support(teacher: Distribution, sampling: Sampling) -> Support:
    """The retained support S (6): top-p of the tempered teacher within its top-k."""
    tempered = temper(teacher, sampling.temperature)
    survivors = top_k(tempered, sampling.k)
    return survivors & top_p(keep(tempered, survivors), sampling.mass)


def target(teacher: Distribution, sampling: Sampling) -> Distribution:
    """The distribution that samples are drawn from, q (7)."""
    return temper(teacher, sampling.temperature, support(teacher, sampling))


def loss(q: Distribution, student: Distribution) -> float:
    """The expected loss at one context (8); its infimum is the entropy of q (13)."""
    return cross_entropy(q, student)


def kept_mass(student: Distribution, retained: Support) -> float:
    """How much of the student lies in the teacher's retained support (10)."""
    return float(student[retained].sum())


def decompose(q: Distribution, student: Distribution, temperature: float) -> Decomposition:
    """The three terms and the constant (15)."""
    retained = q > 0
    head = keep(student, retained)
    return Decomposition(
        compression=-float(np.log(kept_mass(student, retained))),
        reshaping=reshaping(head, temperature),
        alignment=temperature * kl(q, temper(head, temperature)),
        constant=temperature * entropy(q),
    )


def reshaping(head: Distribution, temperature: float) -> float:
    """(1 - T) times the Rényi entropy of order 1/T, which is the free energy -T log sum head^(1/T) (16)."""
    return (1.0 - temperature) * renyi_entropy(head, 1.0 / temperature)


def gradient(q: Distribution, student: Distribution) -> Distribution:
    """The loss's derivative by the student's logits."""
    return student - q


def gradient_by_parts(q: Distribution, student: Distribution) -> Distribution:
    """The same as the paper writes it (17): gate and shape inside the support, the whole mass outside."""
    retained = q > 0
    head = keep(student, retained)
    inside = -(1.0 - kept_mass(student, retained)) * head + (head - q)
    return np.where(retained, inside, student)
