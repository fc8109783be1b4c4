"""Which spec is in force: what was frozen when the run began, with what may change since laid over it.

A new operator brings new presets, and they must not reach into a run. So the frozen one decides all that cannot change
once work has begun, and the written one the rest.
"""

from __future__ import annotations

from ssd_operator.spec.marks import Steering
from ssd_operator.spec.parts import PARTS, laid_over
from ssd_operator.spec.resolved import ResolvedSpec

__all__ = ["effective", "frozen", "reopens"]


def frozen(spec: ResolvedSpec) -> ResolvedSpec:
    """Return the spec without what stops a run or keeps it from beginning."""
    return spec.model_copy(update={"mode": "Run", "suspend": False})


def effective(begun: ResolvedSpec | None, written: ResolvedSpec) -> ResolvedSpec:
    """Return the spec in force; `begun` is the frozen one once a stage has begun."""
    if begun is None:
        return frozen(written)
    return frozen(ResolvedSpec.read(laid_over(begun.document(), written.document()), path="spec"))


def reopens(begun: ResolvedSpec, now: ResolvedSpec) -> bool:
    """Tell whether a change takes a run that has ended up again."""
    before, after = begun.document(), now.document()
    return any(part.of(before) != part.of(after) for part in PARTS if part.mark is Steering)
