"""JSON Schema as pydantic writes it, to the structural schema that an API server takes.

A structural schema has one type per node, no references, no unions and no closed objects; exclusive bounds are
flags; a null is no value. What cannot be said in it is refused here with the path, so that the model is changed
instead of the meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel

__all__ = ["structural"]

Node = dict[str, Any]

_KEPT: Final = (
    "description", "type", "format", "enum", "pattern", "minLength", "maxLength", "minimum", "maximum", "minItems",
    "maxItems", "maxProperties", "required", "anyOf", "x-kubernetes-int-or-string", "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys", "x-kubernetes-preserve-unknown-fields", "x-kubernetes-validations",
)  # fmt: skip
_TYPED: Final = frozenset({"type", "x-kubernetes-int-or-string", "x-kubernetes-preserve-unknown-fields"})
_GONE: Final = frozenset({"title", "default", "$defs", "properties", "items", "additionalProperties"})


def structural(model: type[BaseModel]) -> Node:
    """Return the structural schema of a model as it is written, field names as in YAML."""
    root = model.model_json_schema(by_alias=True)
    return _node(root, root.get("$defs", {}), model.__name__)


def _node(schema: Mapping[str, Any], definitions: Mapping[str, Any], path: str) -> Node:
    schema = _single(schema, definitions, path)
    if "const" in schema:
        schema["enum"] = [schema.pop("const")]
    for bound in ("Minimum", "Maximum"):
        if f"exclusive{bound}" in schema:
            schema[bound.lower()] = schema.pop(f"exclusive{bound}")
            schema[f"exclusive{bound}"] = True
    unknown = schema.keys() - {*_KEPT, *_GONE, "exclusiveMinimum", "exclusiveMaximum"}
    if unknown or not _TYPED & schema.keys():
        raise TypeError(
            f"{path}: no structural schema for {sorted(unknown) or 'a value of any type'}; change the model"
        )
    result: Node = {key: schema[key] for key in (*_KEPT, "exclusiveMinimum", "exclusiveMaximum") if key in schema}
    if "properties" in schema:
        result["properties"] = {
            name: _node(entry, definitions, f"{path}.{name}") for name, entry in schema["properties"].items()
        }
    elif isinstance(schema.get("additionalProperties"), dict):
        result["additionalProperties"] = _node(schema["additionalProperties"], definitions, f"{path}.*")
    if "items" in schema:
        result["items"] = _node(schema["items"], definitions, f"{path}[]")
    return result


def _single(schema: Mapping[str, Any], definitions: Mapping[str, Any], path: str) -> Node:
    """Follow references and drop the null of an optional value; the field's own words win over the type's."""
    result = dict(schema)
    while "$ref" in result or ("anyOf" in result and "x-kubernetes-int-or-string" not in result):
        if "$ref" in result:
            inner = definitions[result.pop("$ref").rsplit("/", 1)[1]]
        else:
            real = [option for option in result.pop("anyOf") if option.get("type") != "null"]
            if len(real) != 1:
                raise TypeError(f"{path}: a union has no structural schema; use an object with one field per choice")
            inner = real[0]
        result = {**inner, **result}
    return result
