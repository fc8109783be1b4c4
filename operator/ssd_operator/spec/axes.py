"""What the values of an axis, and a cell beside the axes, change in the template: read, checked, and with its place.

The API server sees none of this. A field of an axis must be one that decides results; `set` may also say how a cell is
carried out. What stands only once for all cells, such as the promotion, cannot differ between them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ssd_jobs.contract.printable import brief
from ssd_operator.errors import InvalidSpec, Problem
from ssd_operator.spec.base import Section
from ssd_operator.spec.marks import Mark
from ssd_operator.spec.parts import PARTS
from ssd_operator.spec.resolved import ResolvedSpec
from ssd_operator.spec.sweep import Axis, NamedCell
from ssd_operator.spec.walk import is_list, section_in
from ssd_operator.spec.written import written

__all__ = ["Choice", "choices", "named", "overlap", "problems", "value_name"]

_Path = tuple[str, ...]
_NAMED: Final = {"name", "set"}
_ANY_CLAIM: Final = {"claimName": "any"}


@dataclass(frozen=True)
class Choice:
    """One value of an axis, or one cell beside them."""

    name: str
    changes: Mapping[str, Any]
    """A part of a SelfDistillation's spec, as written."""
    place: str
    """Where a person wrote it."""
    field: str = ""
    """The only field that it changes; empty where `changes` was written as it stands."""

    def writes(self) -> tuple[_Path, ...]:
        """Return the fields that it changes."""
        return tuple(_writes(self.changes, ResolvedSpec, ()))

    def blamed(self, path: str) -> str:
        """Return the place of a path of the spec that this choice wrote, empty when it did not."""
        for written_path in self.writes():
            whole = ".".join(("spec", *written_path))
            if path == whole or path.startswith((f"{whole}.", f"{whole}[")):
                return self.place if self.field else self.place + path.removeprefix("spec")
        return ""


def choices(axis: Axis, path: str) -> tuple[Choice, ...]:
    """Return the values of an axis that stands at `path`, or raise InvalidSpec."""
    found = [_choice(axis, value, f"{path}.values[{index}]", path) for index, value in enumerate(axis.values)]
    names = [each.name for each in found]
    repeated = [index for index, name in enumerate(names) if name in names[:index]]
    if repeated:
        where = f"{path}.values[{repeated[0]}]"
        raise InvalidSpec([Problem(where, f"Duplicate value: {brief(repr(names[repeated[0]]))}")])
    return tuple(found)


def named(cell: NamedCell, path: str) -> Choice:
    """Return what a cell beside the axes changes."""
    return Choice(cell.name, cell.set, f"{path}.set")


def problems(choice: Choice, path: str) -> Iterator[Problem]:
    """Yield what is wrong with one choice of the axis or cell that stands at `path`."""
    asked = {"storage": _ANY_CLAIM, **choice.changes}
    try:
        written(ResolvedSpec).read(asked, path="spec")
    except InvalidSpec as error:
        yield from (_placed(problem, choice, path) for problem in error.problems)
        return
    for field in choice.writes():
        yield from _unfit(field, choice, path)


def _choice(axis: Axis, value: Any, place: str, path: str) -> Choice:
    is_named = isinstance(value, Mapping) and value.keys() == _NAMED and isinstance(value["set"], dict)
    if axis.field:
        if value is None or isinstance(value, Mapping):
            words = (
                "must be a number, a text, true, false or a list of them; an axis whose values have names has no field"
            )
            raise InvalidSpec([Problem(place, words)])
        changes: Any = value
        for step in reversed(axis.field.split(".")):
            changes = {step: changes}
        return Choice(value_name(value), changes, place, axis.field)
    if not is_named:
        if isinstance(value, Mapping):
            raise InvalidSpec([Problem(place, "must be an object with name and set, and nothing else")])
        words = "is required: name the field of the template's spec that takes the values, such as sampling.temperature"
        raise InvalidSpec([Problem(f"{path}.field", words)])
    cell = NamedCell.read(value, path=place)
    return Choice(cell.name, cell.set, f"{place}.set")


def value_name(value: Any) -> str:
    """Return what a value of a field is called: as a person writes it."""
    return value if isinstance(value, str) else json.dumps(value)


def _placed(problem: Problem, choice: Choice, path: str) -> Problem:
    """Return a finding about what a choice changes, at the place where that was written."""
    if not choice.field:
        return Problem(choice.place + problem.path.removeprefix("spec"), problem.message)
    if problem.message == "no such field":
        return Problem(f"{path}.field", f"{choice.field} is no field of a SelfDistillation's spec")
    return Problem(choice.place, problem.message)


def _unfit(field: _Path, choice: Choice, path: str) -> Iterator[Problem]:
    """Yield why cells cannot differ in a field."""
    marks = {part.mark for part in PARTS if part.path[: len(field)] == field[: len(part.path)]}
    name = ".".join(field)
    place = f"{path}.field" if choice.field else f"{choice.place}.{name}"
    if field[0] == "round":
        yield Problem(place, "round is written by spec.rounds")
    elif marks & {Mark.STEERING, Mark.PLACE}:
        yield Problem(place, f"{name} is the same in all cells: write it in the template")
    elif choice.field and marks == {Mark.EXECUTION}:
        yield Problem(place, f"{name} changes no result, so its cells would be one: name a field that does")


def _writes(changes: Mapping[str, Any], model: type[Section], path: _Path) -> Iterator[_Path]:
    """Yield the fields that are written; a list, and an object that is one of several alternatives, is one field."""
    for key, value in changes.items():
        here = (*path, key)
        [info] = (each for each in model.model_fields.values() if each.alias == key)
        inner = section_in(info.annotation)
        if inner is None or inner.one_of or is_list(info.annotation) or not value or not isinstance(value, Mapping):
            yield here
        else:
            yield from _writes(value, inner, here)


def overlap(one: Sequence[_Path], other: Sequence[_Path]) -> str:
    """Return a field that both write, empty where there is none."""
    for mine in one:
        for theirs in other:
            if mine[: len(theirs)] == theirs[: len(mine)]:
                return ".".join(mine if len(mine) > len(theirs) else theirs)
    return ""
