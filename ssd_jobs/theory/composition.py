"""What a student that learned its target perfectly is, in terms of its teacher.

Decoding the student at temperature tau is decoding the teacher at T * tau inside a support that was fixed when the
samples were drawn (B.2). How likely an event then is, against the teacher at the same tau, has two factors (B.3): one
for the mass that the support cut off, one for the flattening inside it. Without truncation only the second is left,
with T = 1 only the first (B.4).
"""

from __future__ import annotations

from dataclasses import dataclass

from ssd_jobs.theory.distributions import Distribution, Support, temper

__all__ = ["Gains", "effective_temperature", "gains", "student"]


@dataclass(frozen=True, slots=True)
class Gains:
    """An event's probability under the student, factor by factor (26, 27)."""

    compression: float
    reshaping: float
    teacher: float

    @property
    def student(self) -> float:
        """The event's probability under the student."""
        return self.compression * self.reshaping * self.teacher


def effective_temperature(train: float, evaluate: float) -> float:
    """Tempering twice is tempering once at the product (lemma B.1)."""
    return train * evaluate


def student(teacher: Distribution, retained: Support, *, train: float, evaluate: float) -> Distribution:
    """The perfect student decoded at `evaluate` (25)."""
    return temper(teacher, effective_temperature(train, evaluate), retained)


def gains(teacher: Distribution, retained: Support, event: Support, *, train: float, evaluate: float) -> Gains:
    """Proposition B.3 for an event inside the support."""
    if not event.any() or (event & ~retained).any():
        raise ValueError("the event must be some tokens of the retained support, and nothing else")
    decoded = temper(teacher, evaluate)
    before = temper(teacher, evaluate, retained)
    after = student(teacher, retained, train=train, evaluate=evaluate)
    return Gains(
        compression=1.0 / float(decoded[retained].sum()),
        reshaping=float(after[event].sum() / before[event].sum()),
        teacher=float(decoded[event].sum()),
    )
