"""What may change after work has begun: how the work is executed, never what is being found out.

Stated twice and worded once, as the other rules. Work has begun when a stage is more than planned; a resource in
mode Plan can be edited freely. Fields are compared one by one, so that `sampling: {}` equals no `sampling`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ssd_operator.errors import Problem
from ssd_operator.spec.resolved import ResolvedSpec
from ssd_operator.spec.walk import section_in

__all__ = ["EXECUTION", "TRANSITIONS", "Transition", "begun", "judge"]

Node = Mapping[str, Any]

EXECUTION: Final[dict[str, frozenset[str]]] = {
    "model": frozenset(),
    "prompts": frozenset({"pod"}),
    "sampling": frozenset({"gpusPerShard", "pod"}),
    "curation": frozenset({"pod"}),
    "training": frozenset({"nodes", "gpusPerNode", "checkpoint", "maxAttempts", "pod"}),
    "evaluation": frozenset({"gpusPerShard", "allowWeakIsolation", "pod", "gradePod"}),
    "analysis": frozenset({"gpus", "pod"}),
    "storage": frozenset({"retain"}),
}
"""Sections with science in them, and their fields that are not: those can change at any time."""

_BEGUN = "has(oldSelf.status) && has(oldSelf.status.stages) && oldSelf.status.stages.exists(s, s.phase != 'Planned')"
_ADVICE = "set spec.rerun to repeat a stage, or create another resource"


@dataclass(frozen=True)
class Transition:
    """What must hold between an old and a new resource once work has begun."""

    cel: str
    """For the API server; `self` and `oldSelf` are whole resources."""
    holds: Callable[[Node, Node], bool]
    """The same for Python, given the old and the new spec."""
    message: str
    field: str
    """The field to blame."""

    @property
    def guarded(self) -> str:
        """The CEL text, true as long as nothing has begun."""
        return f"!({_BEGUN}) || ({self.cel})"


def begun(resource: Node) -> bool:
    """Tell whether a stage is more than planned."""
    return any(stage["phase"] != "Planned" for stage in resource.get("status", {}).get("stages", []))


def judge(old: Node, new: Node) -> Iterator[Problem]:
    """Yield what may not change between two versions of a resource."""
    if begun(old):
        for transition in TRANSITIONS:
            if not transition.holds(old["spec"], new["spec"]):
                yield Problem(transition.field, transition.message)


def _science(section: str) -> tuple[str, ...]:
    info = ResolvedSpec.model_fields[section]
    model = section_in(info.annotation)
    names = [field.alias or name for name, field in model.model_fields.items()] if model else []
    return tuple(name for name in names if name not in EXECUTION[section])


def _same(section: str, field: str) -> str:
    """Compare one field. Optional chaining would say it in a line, but its cost is estimated without the bounds."""
    new, old = f"self.spec.{section}", f"oldSelf.spec.{section}"
    has_new, has_old = f"has({new}) && has({new}.{field})", f"has({old}) && has({old}.{field})"
    return f"({has_new} ? {has_old} && {new}.{field} == {old}.{field} : !({has_old}))"


def _unchanged(section: str) -> Transition:
    fields = _science(section)
    terms = [_same(section, field) for field in fields]
    if section == "analysis":
        terms.insert(0, "has(self.spec.analysis) == has(oldSelf.spec.analysis)")

    def holds(old: Node, new: Node) -> bool:
        if section == "analysis" and (section in old) != (section in new):
            return False
        before, after = old.get(section, {}), new.get(section, {})
        return all(before.get(field) == after.get(field) for field in fields)

    free = ", ".join(sorted(EXECUTION[section]))
    return Transition(
        cel=" && ".join(terms),
        holds=holds,
        message=f"{section} cannot change once a stage has begun{f' (except {free})' if free else ''}: {_ADVICE}",
        field=f"spec.{section}",
    )


TRANSITIONS: Final[tuple[Transition, ...]] = (
    Transition(
        cel="has(self.spec.preset) ? has(oldSelf.spec.preset) && self.spec.preset == oldSelf.spec.preset "
        ": !has(oldSelf.spec.preset)",
        holds=lambda old, new: old.get("preset") == new.get("preset"),
        message=f"preset cannot change once a stage has begun: {_ADVICE}",
        field="spec.preset",
    ),
    *(_unchanged(section) for section in EXECUTION),
    Transition(
        cel="!has(self.spec.mode) || self.spec.mode == 'Run' || "
        "(has(oldSelf.spec.mode) && oldSelf.spec.mode == 'Plan')",
        holds=lambda old, new: new.get("mode", "Run") == "Run" or old.get("mode", "Run") == "Plan",
        message="mode cannot go back to Plan once a stage has begun: set suspend to stop it",
        field="spec.mode",
    ),
    Transition(
        cel=f"{_same('scheduling', 'queue')} || (has(oldSelf.spec.suspend) && oldSelf.spec.suspend)",
        holds=lambda old, new: (
            old.get("scheduling", {}).get("queue") == new.get("scheduling", {}).get("queue")
            or old.get("suspend", False)
        ),
        message="the queue can change only while suspended: set suspend first",
        field="spec.scheduling.queue",
    ),
)
