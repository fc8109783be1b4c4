"""The spec cut into parts: the largest pieces, below a section of the spec, whose fields all have one mark."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from pydantic.fields import FieldInfo

from ssd_operator.spec.base import Section
from ssd_operator.spec.marks import Mark
from ssd_operator.spec.resolved import ResolvedSpec
from ssd_operator.spec.walk import is_list, section_in

__all__ = ["PARTS", "Part", "laid_over", "leaves", "only", "parts"]

_Object = dict[str, Any]


@dataclass(frozen=True)
class Part:
    """One piece of the spec."""

    path: tuple[str, ...]
    """Names as written, from the root of the spec."""
    mark: Mark

    def holder(self, document: _Object) -> _Object | None:
        """Return the object of a spec that this part stands in, None when it is absent."""
        section: _Object | None = document
        for name in self.path[:-1]:
            section = section.get(name) if section is not None else None
        return section

    def of(self, document: _Object) -> Any:
        """Return what a spec says here, None when it says nothing."""
        holder = self.holder(document)
        return None if holder is None else holder.get(self.path[-1])


def only(mark: Mark, document: _Object) -> _Object:
    """Return what a spec says in the parts with this mark."""
    found: _Object = {}
    for part in PARTS:
        value = part.of(document)
        if part.mark is mark and value is not None:
            holder = found
            for name in part.path[:-1]:
                holder = holder.setdefault(name, {})
            holder[part.path[-1]] = value
    return found


def laid_over(document: _Object, fresh: _Object) -> _Object:
    """Return a spec with the free parts of another one, as far as both have the section that a part stands in."""
    result: _Object = copy.deepcopy(document)
    for part in PARTS:
        holder, source = part.holder(result), part.holder(fresh)
        if part.mark.is_free and holder is not None and source is not None:
            name = part.path[-1]
            holder.pop(name, None)
            holder.update({name: source[name]} if name in source else {})
    return result


def leaves(model: type[Section], path: tuple[str, ...] = ()) -> Iterator[Part]:
    """Yield every field that is no section, with its mark, or raise TypeError when it has none."""
    for info in model.model_fields.values():
        here = (*path, str(info.alias))
        inner = section_in(info.annotation)
        if inner is not None:
            yield from leaves(inner, here)
        else:
            yield Part(here, _mark(info, model, here))


def _mark(info: FieldInfo, model: type[Section], path: tuple[str, ...]) -> Mark:
    own = [each for each in info.metadata if isinstance(each, Mark)]
    mark = own[0] if own else model.mark
    if mark is None:
        raise TypeError(f"{'.'.join(path)} has no mark")
    return mark


def parts(model: type[Section], path: tuple[str, ...] = ()) -> Iterator[Part]:
    """Yield the parts of a section, or raise TypeError when the entries of a list have several marks."""
    for info in model.model_fields.values():
        here = (*path, str(info.alias))
        inner = section_in(info.annotation)
        if inner is None:
            yield Part(here, _mark(info, model, here))
            continue
        marks = {leaf.mark for leaf in leaves(inner, here)}
        if len(marks) == 1:
            yield Part(here, marks.pop())
        elif is_list(info.annotation):
            raise TypeError(f"{'.'.join(here)}: the entries of a list are compared whole and need one mark")
        else:
            yield from parts(inner, here)


PARTS: Final = tuple(parts(ResolvedSpec))
