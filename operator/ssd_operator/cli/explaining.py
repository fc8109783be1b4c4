"""`ssd explain`: what `kubectl explain` says, without a cluster, and what a field is to a run."""

import difflib
import textwrap
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from ssd_operator import naming
from ssd_operator.cli import terminal
from ssd_operator.cli.output import OutputOption, is_json, write
from ssd_operator.crd.definition import schema_of
from ssd_operator.errors import InvalidInput
from ssd_operator.spec.kinds import RESOURCE_KINDS, RUN, ResourceKind
from ssd_operator.spec.parts import leaves
from ssd_operator.spec.resolved import ResolvedSpec

__all__ = ["register"]

WIDTH = 100
BOUNDS = ("enum", "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "minLength", "maxLength")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("explain")(explain)


def explain(
    field: Annotated[str, typer.Argument(metavar="FIELD", help="Such as spec.sampling or sds.spec.axes.")],
    form: OutputOption = "text",
) -> int:
    """Say what a field of the resource means, what it may be, and which fields it has; no cluster is asked."""
    as_json = is_json(form)
    kind, steps = _place(field)
    found, path = schema_of(kind), kind.kind
    for step in steps:
        found, path = _below(found, step, path), f"{path}.{step}"
    facts = _facts(kind, ".".join(steps), found)
    if as_json:
        write(facts)
    else:
        terminal.console().print("\n".join(_lines(facts)), soft_wrap=True)
    return 0


def _place(field: str) -> tuple[ResourceKind, list[str]]:
    """Return the kind and the steps that a path names; a path without a kind is one of a single experiment."""
    steps = [step.removesuffix("[]") for step in field.strip(".").split(".")]
    for kind in RESOURCE_KINDS.values():
        if steps[0].lower() in (kind.short_name, kind.plural, kind.kind.lower()):
            return kind, steps[1:]
    top = schema_of(RUN)["properties"]
    return RUN, steps if steps[0] in top else ["spec", *steps]


def _below(schema: dict[str, Any], step: str, path: str) -> dict[str, Any]:
    """Return the schema of a field, or name those that are alike."""
    fields = _fields(schema)
    if step not in fields:
        alike = difflib.get_close_matches(step, fields, n=1, cutoff=0.6)
        helps = f"is {alike[0]} meant?" if alike else f"there are {', '.join(fields) or 'no fields below it'}"
        raise InvalidInput(f"{path}.{step}: no such field; {helps}")
    found: dict[str, Any] = fields[step]
    return found


def _fields(schema: dict[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = _entry(schema).get("properties", {})
    return fields


def _entry(schema: dict[str, Any]) -> dict[str, Any]:
    """Return what is said of the entries of a list, and of anything else itself."""
    entry: dict[str, Any] = schema.get("items", schema)
    return entry


def _facts(kind: ResourceKind, path: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Return what is known of a field."""
    marks = {".".join(("spec", *leaf.path)): leaf.mark.value for leaf in leaves(ResolvedSpec)} if kind is RUN else {}
    required = _entry(schema).get("required", ())
    facts = {
        "kind": kind.kind,
        "version": naming.API_VERSION,
        "field": path,
        "type": _type(schema),
        "mark": marks.get(path, ""),
        "limits": {name: value for name, value in _entry(schema).items() if name in BOUNDS},
        "description": _words(schema),
        "rules": [rule["message"] for rule in schema.get("x-kubernetes-validations", ()) if "message" in rule],
        "fields": [
            {"name": name, "type": _type(each), "required": name in required, "description": _words(each)}
            for name, each in _fields(schema).items()
        ],
    }
    return {name: value for name, value in facts.items() if value not in ("", [], {})}


def _type(schema: dict[str, Any]) -> str:
    """Return a type as `kubectl explain` writes it."""
    if "items" in schema:
        return f"[]{_type(schema['items'])}"
    if schema.get("x-kubernetes-int-or-string"):
        return "quantity"
    return str(schema.get("type", "any"))


def _words(schema: dict[str, Any]) -> str:
    return " ".join(schema.get("description", "").split())


def _lines(facts: dict[str, Any]) -> Iterator[str]:
    """Yield what people read."""
    yield f"KIND:     {facts['kind']}"
    yield f"VERSION:  {facts['version']}"
    if "field" in facts:
        yield f"FIELD:    {facts['field']} <{facts['type']}>"
    if "mark" in facts:
        yield f"MARK:     {facts['mark']}, see docs/reference.md"
    for name, value in facts.get("limits", {}).items():
        said = ", ".join(str(each or "empty") for each in value) if name == "enum" else value
        yield f"{name + ':':<9} {said}"
    if "description" in facts:
        yield from ("", *textwrap.wrap(facts["description"], WIDTH))
    for rule in facts.get("rules", ()):
        yield from ("", *textwrap.wrap(f"Rule: {rule}", WIDTH))
    if "fields" in facts:
        yield from ("", "FIELDS:")
    for each in facts.get("fields", ()):
        yield f"  {each['name']} <{each['type']}>{' -required-' if each['required'] else ''}"
        yield from textwrap.wrap(each["description"], WIDTH, initial_indent="    ", subsequent_indent="    ")
