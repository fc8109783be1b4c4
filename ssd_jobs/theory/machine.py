"""The paper's toy machine: decoding alone reaches 8.3 %, self-distillation 13.8 %, and both can be computed exactly.

A program is written in five decisions: a root with two good branches and a likelier bad one, a fork where the right
token is one of five near-equal ones, and three locks where one token is right. Whatever temperature decodes it, the
teacher must either keep the locks' wrong tokens or lose the fork's right one. A student that was trained on truncated
samples has lost the locks' tails, so it can be decoded hot.

The paper gives the first four probabilities of each kind and a geometric tail without its ratio; a ratio of one half
reproduces its figures. Its training temperature here is 0.9, below one: the machine shows truncation and hot decoding,
not the flattening of T > 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ssd_jobs.theory.distributions import Distribution, keep, temper, top_p
from ssd_jobs.theory.target import Sampling, target

__all__ = [
    "LOCKS",
    "PAPER",
    "Best",
    "Contexts",
    "Curves",
    "Experiment",
    "best",
    "curves",
    "decoded",
    "student",
    "success",
    "teacher",
]

LOCKS = 3
_VOCABULARY = 16
_TEMPERATURES = np.round(np.arange(0.05, 3.0005, 0.001), 3)


@dataclass(frozen=True, slots=True)
class Contexts:
    """The three kinds of context; token 0 is right everywhere, token 1 also at the root."""

    root: Distribution
    fork: Distribution
    lock: Distribution

    def map(self, change: Callable[[Distribution], Distribution]) -> Contexts:
        """The same change in each context."""
        return Contexts(change(self.root), change(self.fork), change(self.lock))


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """How samples are drawn, and how both models are decoded."""

    sampling: Sampling
    evaluation_mass: float


@dataclass(frozen=True, slots=True)
class Best:
    """The best a model reaches over all temperatures, and where."""

    success: float
    temperature: float


@dataclass(frozen=True, slots=True)
class Curves:
    """Success over temperature, for both."""

    temperatures: Distribution
    teacher: Distribution
    student: Distribution


PAPER = Experiment(sampling=Sampling(temperature=0.9, mass=0.85), evaluation_mass=0.80)


def teacher(tail_ratio: float = 0.5) -> Contexts:
    """The machine as the paper gives it."""
    return Contexts(
        root=_with_tail((0.200, 0.190, 0.329, 0.126), tail_ratio),
        fork=_with_tail((0.148, 0.280, 0.140, 0.144), tail_ratio),
        lock=_with_tail((0.750, 0.055, 0.050, 0.037), tail_ratio),
    )


def student(base: Contexts, sampling: Sampling) -> Contexts:
    """A student that learned its samples perfectly."""
    return base.map(lambda p: target(p, sampling))


def decoded(model: Contexts, temperature: float, mass: float) -> Contexts:
    """What a model does at a temperature, cut by top-p."""
    return model.map(lambda p: _decode(p, temperature, mass))


def success(model: Contexts, temperature: float, mass: float) -> float:
    """The probability of a right program: a good branch, the fork, and every lock."""
    policy = decoded(model, temperature, mass)
    return float((policy.root[0] + policy.root[1]) * policy.fork[0] * policy.lock[0] ** LOCKS)


def curves(experiment: Experiment = PAPER, tail_ratio: float = 0.5) -> Curves:
    """Success of teacher and student over all temperatures."""
    base = teacher(tail_ratio)
    trained = student(base, experiment.sampling)
    mass = experiment.evaluation_mass
    return Curves(
        temperatures=_TEMPERATURES,
        teacher=np.array([success(base, t, mass) for t in _TEMPERATURES]),
        student=np.array([success(trained, t, mass) for t in _TEMPERATURES]),
    )


def best(temperatures: Distribution, successes: Distribution) -> Best:
    """The top of a curve."""
    top = int(np.argmax(successes))
    return Best(success=float(successes[top]), temperature=float(temperatures[top]))


def _decode(p: Distribution, temperature: float, mass: float) -> Distribution:
    tempered = temper(p, temperature)
    return keep(tempered, top_p(tempered, mass))


def _with_tail(head: Sequence[float], ratio: float) -> Distribution:
    weights = ratio ** np.arange(_VOCABULARY - len(head))
    tail = (1.0 - sum(head)) * weights / weights.sum()
    return np.concatenate([np.array(head), tail])
