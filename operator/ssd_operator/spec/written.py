"""The shape a user writes: the complete one, with everything optional and no default.

No default, because the API server would write it into the object, where it would look like the user's wish and
hide the preset. Only what gives an object its identity (`always_written`) stays required.
"""

from __future__ import annotations

import json
import types
from functools import cache
from typing import Annotated, Any, Optional, Union, get_args, get_origin

from pydantic import ConfigDict, Field, create_model
from pydantic.fields import FieldInfo

from ssd_operator.spec.base import Section

__all__ = ["written"]


class _Derived(Section):
    """A section that was not written as a class: its fields bring their descriptions, there is no source to search."""

    model_config = ConfigDict(use_attribute_docstrings=False)


@cache
def written(model: type[Section]) -> type[Section]:
    """Derive the written shape of a complete section."""
    fields: dict[str, Any] = {
        name: _field(info, required=name in model.always_written)
        for name, info in model.model_fields.items()
        if name not in model.only_resolved
    }
    derived = create_model(model.__name__, __base__=_Derived, __module__=__name__, __doc__=model.__doc__, **fields)
    derived.one_of = model.one_of
    return derived


def _field(info: FieldInfo, *, required: bool) -> tuple[Any, Any]:
    annotation = _rewritten(info.annotation)
    if info.metadata:
        annotation = Annotated[(annotation, *info.metadata)]
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else None
    default = ... if required else None
    field = Field(default, alias=info.alias, description=_described(info), json_schema_extra=extra)
    return (annotation if required else Optional[annotation]), field  # noqa: UP045 - the annotation is a value here


def _described(info: FieldInfo) -> str | None:
    """Say in the description what the library does when neither user nor preset says anything."""
    if isinstance(info.default, tuple):
        shown = json.dumps(info.default) if info.default and isinstance(info.default[0], str | float) else ""
    else:
        shown = (
            json.dumps(info.default)
            if isinstance(info.default, bool | int | float | str) and info.default != ""
            else ""
        )
    return f"{info.description} Default: {shown}." if shown else info.description


def _rewritten(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return written(annotation)
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is tuple:
        return tuple.__class_getitem__((_rewritten(parts[0]), ...))
    if origin in (Union, types.UnionType):
        return Union[tuple(_rewritten(part) for part in parts)]  # noqa: UP007 - the annotation is a value here
    if origin is Annotated:
        return Annotated[(_rewritten(parts[0]), *parts[1:])]
    return annotation
