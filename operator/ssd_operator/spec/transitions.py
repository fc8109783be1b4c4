"""What may change after work has begun: what the marks of the fields leave free, within two more rules.

Stated twice and worded once, as the other rules. Work has begun when a stage is more than planned; a resource in
mode Plan can be edited freely. Fields are compared one by one, so that `sampling: {}` equals no `sampling`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic.fields import FieldInfo

from ssd_operator.errors import Problem
from ssd_operator.spec.parts import PARTS
from ssd_operator.spec.resolved import ResolvedSpec

__all__ = ["TRANSITIONS", "Transition", "begun", "judge"]

Node = dict[str, Any]

_BEGUN = "has(oldSelf.status) && has(oldSelf.status.stages) && oldSelf.status.stages.exists(s, s.phase != 'Planned')"
_WRITTEN = tuple(info for name, info in ResolvedSpec.model_fields.items() if name not in ResolvedSpec.only_resolved)
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


def _has(path: Sequence[str], root: str) -> str:
    """Ask whether a field is there, and before that for each section above it."""
    steps = [".".join((root, "spec", *path[:end])) for end in range(1, len(path) + 1)]
    return " && ".join(f"has({step})" for step in steps)


def _same(path: Sequence[str]) -> str:
    """Compare one field. Optional chaining would say it in a line, but its cost is estimated without the bounds."""
    new, old = ".".join(("self.spec", *path)), ".".join(("oldSelf.spec", *path))
    has_new, has_old = _has(path, "self"), _has(path, "oldSelf")
    return f"({has_new} ? {has_old} && {new} == {old} : !({has_old}))"


def _fixed(info: FieldInfo) -> Transition | None:
    """Return what must stay of a field of the spec: a value, or the fixed parts of a section."""
    field = str(info.alias)
    parts = [part for part in PARTS if part.path[0] == field]
    fixed = [part for part in parts if not part.mark.is_free]
    if not fixed:
        return None
    may_be_absent = info.default is None
    terms = [f"has(self.spec.{field}) == has(oldSelf.spec.{field})"] if may_be_absent else []

    def holds(old: Node, new: Node) -> bool:
        if may_be_absent and (field in old) != (field in new):
            return False
        return all(part.of(old) == part.of(new) for part in fixed)

    free = ", ".join(sorted(".".join(part.path[1:]) for part in parts if part.mark.is_free))
    return Transition(
        cel=" && ".join([*terms, *(_same(part.path) for part in fixed)]),
        holds=holds,
        message=f"{field} cannot change once a stage has begun{f' (except {free})' if free else ''}: {_ADVICE}",
        field=f"spec.{field}",
    )


TRANSITIONS: Final[tuple[Transition, ...]] = (
    *filter(None, map(_fixed, _WRITTEN)),
    Transition(
        cel="!has(self.spec.mode) || self.spec.mode == 'Run' || "
        "(has(oldSelf.spec.mode) && oldSelf.spec.mode == 'Plan')",
        holds=lambda old, new: new.get("mode", "Run") == "Run" or old.get("mode", "Run") == "Plan",
        message="mode cannot go back to Plan once a stage has begun: set suspend to stop it",
        field="spec.mode",
    ),
    Transition(
        cel=f"{_same(('scheduling', 'queue'))} || (has(oldSelf.spec.suspend) && oldSelf.spec.suspend)",
        holds=lambda old, new: (
            old.get("scheduling", {}).get("queue") == new.get("scheduling", {}).get("queue")
            or old.get("suspend", False)
        ),
        message="the queue can change only while suspended: set suspend first",
        field="spec.scheduling.queue",
    ),
)
