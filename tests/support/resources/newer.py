"""What a newer operator may have stored: documents of ours with fields that this version does not know."""

from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from ssd_operator.crd.definition import definition
from ssd_operator.spec.base import Section
from ssd_operator.spec.kinds import RUN, ResourceKind
from ssd_operator.spec.walk import section_at

__all__ = ["added", "known", "statuses"]

NAMES = st.from_regex(r"[a-z]{3,8}X[a-z]{2}", fullmatch=True)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab", max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=4,
)


@st.composite
def added(draw: st.DrawFn, document: dict[str, Any], model: type[Section]) -> tuple[dict[str, Any], set[str]]:
    """Return the document with fields that the model does not have, at any depth, and their paths."""
    result = _copied(document)
    places = list(_objects(result, model, ""))
    paths = set()
    for index in draw(st.lists(st.integers(0, len(places) - 1), min_size=1, max_size=4)):
        path, place = places[index]
        name = draw(NAMES)
        place[name] = draw(VALUES)
        paths.add(f"{path}.{name}".lstrip("."))
    return result, paths


def known(document: Any, model: type[Section] | None) -> Any:
    """Return the part of a document that the model has fields for."""
    if model is not None and isinstance(document, dict):
        aliases = {info.alias for info in model.model_fields.values()}
        return {name: known(value, section_at(model, name)) for name, value in document.items() if name in aliases}
    return [known(entry, model) for entry in document] if isinstance(document, list) else document


def statuses(kind: ResourceKind = RUN) -> st.SearchStrategy[Any]:
    """Return any status that the definition of a kind allows, drawn from its schema."""
    return _values(definition(kind)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"])


def _values(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "properties" in schema:
        fields = {name: _values(each) for name, each in schema["properties"].items()}
        required = schema.get("required", [])
        optional = {name: each for name, each in fields.items() if name not in required}
        return st.fixed_dictionaries({name: fields[name] for name in required}, optional=optional)
    if schema["type"] == "array":
        return st.lists(_values(schema["items"]), max_size=2)
    if schema["type"] == "object":
        return st.dictionaries(st.text("ab", max_size=2), _values(schema["additionalProperties"]), max_size=2)
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema["type"] == "integer":
        return st.integers(schema["minimum"], schema["maximum"])
    return st.booleans() if schema["type"] == "boolean" else st.text("ab-é", min_size=1, max_size=5)


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _copied(entry) for name, entry in value.items()}
    return [_copied(entry) for entry in value] if isinstance(value, list) else value


def _objects(value: Any, model: type[Section] | None, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every object that stands for a section, with its path; free-form maps take any key anyway."""
    if model is None:
        return
    if isinstance(value, list):
        for index, entry in enumerate(value):
            yield from _objects(entry, model, f"{path}[{index}]")
    elif isinstance(value, dict):
        yield path, value
        for name, entry in list(value.items()):
            yield from _objects(entry, section_at(model, name), f"{path}.{name}")
