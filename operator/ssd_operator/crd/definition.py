"""The CustomResourceDefinition: schema, rules, printed columns, names."""

from __future__ import annotations

from typing import Any, Final

from ssd_operator.crd.structural import structural
from ssd_operator.spec import resource
from ssd_operator.spec.resolved import ResolvedSpec
from ssd_operator.spec.rules import RULES
from ssd_operator.spec.status import Status
from ssd_operator.spec.transitions import TRANSITIONS
from ssd_operator.spec.written import written

__all__ = ["definition"]

_COLUMNS: Final = (
    ("Phase", "string", ".status.phase", "Where the run stands", 0),
    ("Stage", "string", ".status.stage", "What runs now", 0),
    ("Progress", "string", ".status.progress", "How far it is", 0),
    ("Base", "string", ".status.results[0].base.passAt1", "pass@1 of the base on the first benchmark", 0),
    ("Candidate", "string", ".status.results[0].candidate.passAt1", "pass@1 of the candidate on the same", 0),
    ("Age", "date", ".metadata.creationTimestamp", "Since when it exists", 0),
    ("Model", "string", ".status.model", "What is distilled", 1),
    ("Promoted", "string", ".status.promotion.decision", "What the gate decided", 1),
    ("Run", "string", ".status.tracking.runId", "Run in MLflow", 1),
)


def definition() -> dict[str, Any]:
    """Return the definition of SelfDistillation."""
    names = {
        "kind": resource.KIND,
        "listKind": f"{resource.KIND}List",
        "plural": resource.PLURAL,
        "singular": resource.KIND.lower(),
        "shortNames": ["sd"],
        "categories": ["ml"],
    }
    version = {
        "name": resource.VERSION,
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "additionalPrinterColumns": [_column(*column) for column in _COLUMNS],
        "schema": {"openAPIV3Schema": _schema()},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{resource.PLURAL}.{resource.GROUP}"},
        "spec": {"group": resource.GROUP, "scope": "Namespaced", "names": names, "versions": [version]},
    }


def _column(name: str, kind: str, path: str, description: str, priority: int) -> dict[str, Any]:
    column = {"name": name, "type": kind, "jsonPath": path, "description": description}
    return {**column, "priority": priority} if priority else column


def _schema() -> dict[str, Any]:
    schema: dict[str, Any] = {
        "description": "One experiment of simple self-distillation.",
        "type": "object",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object", "properties": {"name": {"type": "string", "maxLength": 253}}},
            "spec": structural(written(ResolvedSpec)),
            "status": structural(Status),
        },
    }
    for rule in RULES:
        _add(_at(schema, rule.at), rule.cel, rule.message, rule.field)
    for transition in TRANSITIONS:
        _add(schema, transition.guarded, transition.message, transition.field)
    return schema


def _at(schema: dict[str, Any], path: str) -> dict[str, Any]:
    for step in filter(None, path.split(".")):
        schema = schema["properties"][step.removesuffix("[]")]
        if step.endswith("[]"):
            schema = schema["items"]
    return schema


def _add(schema: dict[str, Any], cel: str, message: str, field: str) -> None:
    rule = {"rule": cel, "message": message}
    if field:
        rule["fieldPath"] = f".{field}"
    schema.setdefault("x-kubernetes-validations", []).append(rule)
