"""Which spec is in force: what was frozen when the run began, with what may change since laid over it.

A new operator brings new presets, and they must not reach into a run. So the science is the frozen one, always; the
execution and what may change at any time are the written ones.
"""

from __future__ import annotations

from typing import Any

from ssd_operator.spec.resolved import ResolvedSpec
from ssd_operator.spec.transitions import EXECUTION

__all__ = ["effective", "frozen", "reopens"]

ALWAYS_FROM_THE_USER = frozenset(
    {"deadline", "pod", "promotion", "rerun", "scheduling", "tracking", "ttl_after_finished"}
)


def frozen(spec: ResolvedSpec) -> ResolvedSpec:
    """Return the spec without what only steers the run."""
    return spec.model_copy(update={"mode": "Run", "suspend": False})


def effective(begun: ResolvedSpec | None, written: ResolvedSpec) -> ResolvedSpec:
    """Return the spec in force; `begun` is the frozen one once a stage has begun."""
    if begun is None:
        return frozen(written)
    document, fresh = begun.document(), written.document()
    for section, fields in EXECUTION.items():
        if section in document and section in fresh:
            document[section] = _laid_over(document[section], fresh[section], fields)
    update = {name: getattr(written, name) for name in ALWAYS_FROM_THE_USER}
    return frozen(ResolvedSpec.read(document, path="spec").model_copy(update=update))


def reopens(begun: ResolvedSpec, now: ResolvedSpec) -> bool:
    """Tell whether a change takes a run that has ended up again."""
    return begun.rerun != now.rerun or begun.promotion != now.promotion


def _laid_over(section: dict[str, Any], fresh: dict[str, Any], fields: frozenset[str]) -> dict[str, Any]:
    return section | {name: fresh[name] for name in fields if name in fresh}
