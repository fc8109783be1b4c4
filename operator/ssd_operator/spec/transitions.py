"""What may change of a run after its work has begun: what the marks of the fields leave free, within two more rules.

Stated twice and worded once, as the other rules. Work has begun when a stage is more than planned; a resource in
mode Plan can be edited freely. Fields are compared one by one, so that `sampling: {}` equals no `sampling`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic.fields import FieldInfo

from ssd_operator.errors import Problem
from ssd_operator.spec.parts import PARTS, Part
from ssd_operator.spec.resolved import ResolvedSpec

__all__ = ["TRANSITIONS", "Transition", "begun", "fixed", "judge", "no_way_back"]

Node = dict[str, Any]

_BEGUN: Final = (
    "has(oldSelf.status) && has(oldSelf.status.stages) && oldSelf.status.stages.exists(s, s.phase != 'Planned')"
)
_WRITTEN = tuple(info for name, info in ResolvedSpec.model_fields.items() if name not in ResolvedSpec.only_resolved)


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
    begun: str = _BEGUN
    """The CEL text that tells whether work has begun."""

    @property
    def guarded(self) -> str:
        """The CEL text, true as long as nothing has begun."""
        return f"!({self.begun}) || ({self.cel})"


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


def fixed(at: Sequence[str], *, begun: str, when: str, advice: str) -> Iterator[Transition]:
    """Yield what must stay of a run's spec that stands at this path of a resource's spec, for each field of it."""
    for info in _WRITTEN:
        parts = [part for part in PARTS if part.path[0] == str(info.alias)]
        if any(not part.mark.is_free for part in parts):
            yield _fixed(info, parts, at, begun=begun, words=(when, advice))


def _fixed(
    info: FieldInfo, parts: Sequence[Part], at: Sequence[str], *, begun: str, words: Sequence[str]
) -> Transition:
    """Return what must stay of a field of the spec: a value, or the fixed parts of a section."""
    field = str(info.alias)
    kept = [part for part in parts if not part.mark.is_free]
    may_be_absent = info.default is None
    above = ".".join(("spec", *at))
    terms = [f"has(self.{above}.{field}) == has(oldSelf.{above}.{field})"] if may_be_absent else []

    def holds(old: Node, new: Node) -> bool:
        for name in at:
            old, new = old[name], new[name]
        if may_be_absent and (field in old) != (field in new):
            return False
        return all(part.of(old) == part.of(new) for part in kept)

    free = ", ".join(sorted(".".join(part.path[1:]) for part in parts if part.mark.is_free))
    when, advice = words
    return Transition(
        cel=" && ".join([*terms, *(_same((*at, *part.path)) for part in kept)]),
        holds=holds,
        message=f"{field} cannot change once {when}{f' (except {free})' if free else ''}: {advice}",
        field=f"{above}.{field}",
        begun=begun,
    )


def no_way_back(*, begun: str, when: str) -> Transition:
    """Return that a resource cannot be planned again once it does the work."""
    return Transition(
        cel="!has(self.spec.mode) || self.spec.mode == 'Run' || "
        "(has(oldSelf.spec.mode) && oldSelf.spec.mode == 'Plan')",
        holds=lambda old, new: new.get("mode", "Run") == "Run" or old.get("mode", "Run") == "Plan",
        message=f"mode cannot go back to Plan once {when}: set suspend to stop it",
        field="spec.mode",
        begun=begun,
    )


_WHEN: Final = "a stage has begun"
TRANSITIONS: Final[tuple[Transition, ...]] = (
    *fixed((), begun=_BEGUN, when=_WHEN, advice="set spec.rerun to repeat a stage, or create another resource"),
    no_way_back(begun=_BEGUN, when=_WHEN),
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
