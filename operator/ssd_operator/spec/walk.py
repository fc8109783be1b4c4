"""The tree of sections: which section stands where, read from the annotations."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Annotated, Any, Union, get_args, get_origin

from ssd_operator.spec.base import Section

__all__ = ["knows", "places", "section_at", "section_in"]


def section_in(annotation: Any) -> type[Section] | None:
    """Return the section that an annotation such as `tuple[Benchmark, ...] | None` holds, if any."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    if get_origin(annotation) in (tuple, Union, types.UnionType, Annotated):
        return next((found for part in get_args(annotation) if (found := section_in(part))), None)
    return None


def section_at(model: type[Section] | None, key: str) -> type[Section] | None:
    """Return the section below a field (its name as written), if the model has that field and it holds one."""
    fields = model.model_fields.values() if model is not None else ()
    return next((section_in(info.annotation) for info in fields if info.alias == key), None)


def knows(model: type[Section], key: str) -> bool:
    """Tell whether a section has this field (its name as written)."""
    return any(info.alias == key for info in model.model_fields.values())


def is_list(annotation: Any) -> bool:
    """Tell whether the value is a list, optional or not."""
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType, Annotated):
        return any(is_list(part) for part in get_args(annotation))
    return origin is tuple


def places(model: type[Section], path: str) -> Iterator[tuple[str, type[Section]]]:
    """Yield every section with its path; `[]` stands for the entries of a list."""
    yield path, model
    for info in model.model_fields.values():
        inner = section_in(info.annotation)
        if inner is not None:
            yield from places(inner, f"{path}.{info.alias}{'[]' if is_list(info.annotation) else ''}")
