"""The CustomResourceDefinition: schema, rules, printed columns, names."""

from __future__ import annotations

from typing import Any, Final

from ssd_operator import naming
from ssd_operator.crd.structural import structural
from ssd_operator.spec import condition_types
from ssd_operator.spec.kinds import RUN, SWEEP, ResourceKind
from ssd_operator.spec.written import written

__all__ = ["definition", "schema_of"]

_PROGRESSING: Final = f'.status.conditions[?(@.type=="{condition_types.PROGRESSING}")]'
_COLUMNS: Final = {
    RUN.kind: (
        ("Phase", "string", ".status.phase", "Where the run stands", 0),
        ("Reason", "string", f"{_PROGRESSING}.reason", "Why it stands there, in a word", 0),
        ("Stage", "string", ".status.stage", "What runs now", 0),
        ("Progress", "string", ".status.progress", "How far it is", 0),
        ("Base", "string", ".status.results[0].base.passAt1", "pass@1 of the base on the first benchmark", 0),
        ("Candidate", "string", ".status.results[0].candidate.passAt1", "pass@1 of the candidate on the same", 0),
        ("Age", "date", ".metadata.creationTimestamp", "Since when it exists", 0),
        ("Message", "string", f"{_PROGRESSING}.message", "What is waited for, and what helps", 1),
        ("Queue", "string", ".spec.scheduling.queue", "Who admits its Jobs", 1),
        ("Restarts", "integer", ".status.restarts", "Attempts after the first, over all stages", 1),
        ("Model", "string", ".status.model", "What is distilled", 1),
        ("Promoted", "string", ".status.promotion.decision", "What the gate decided", 1),
        ("Run", "string", ".status.tracking.runId", "Run in MLflow", 1),
    ),
    SWEEP.kind: (
        ("Phase", "string", ".status.phase", "Where the sweep stands", 0),
        ("Reason", "string", f"{_PROGRESSING}.reason", "Why it stands there, in a word", 0),
        ("Cells", "string", ".status.progress", "Cells that have ended, and all", 0),
        ("Failed", "integer", ".status.failed", "Cells that failed", 0),
        ("Best", "string", ".status.best.cell", "The best cell on select problems so far", 0),
        ("Select", "string", ".status.best.select", "What it scored there; on report problems it scores less", 0),
        ("Of", "integer", ".status.best.of", "Of how many cells it is the best", 0),
        ("Report", "string", ".status.best.report", "What it scored on report problems, once all cells have ended", 0),
        ("GPUh-Planned", "string", ".status.gpuHours.planned", "The most GPU-hours of all its stages", 0),
        ("GPUh-Spent", "string", ".status.gpuHours.spent", "What the stages of ended cells took", 0),
        ("Age", "date", ".metadata.creationTimestamp", "Since when it exists", 0),
        ("Message", "string", f"{_PROGRESSING}.message", "What is waited for, and what helps", 1),
        ("Promoted", "string", ".status.judgement.decision", "What the gate decided on the selected cell", 1),
    ),
}
"""What `kubectl get` prints: name, type, path, meaning, and 1 for what only `-o wide` shows."""


def definition(kind: ResourceKind) -> dict[str, Any]:
    """Return the definition of a kind of resource."""
    names = {
        "kind": kind.kind,
        "listKind": f"{kind.kind}List",
        "plural": kind.plural,
        "singular": kind.kind.lower(),
        "shortNames": [kind.short_name],
        "categories": ["ml"],
    }
    version = {
        "name": naming.VERSION,
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "additionalPrinterColumns": [_column(*column) for column in _COLUMNS[kind.kind]],
        "schema": {"openAPIV3Schema": schema_of(kind)},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.plural}.{naming.GROUP}"},
        "spec": {"group": naming.GROUP, "scope": "Namespaced", "names": names, "versions": [version]},
    }


def _column(name: str, json_type: str, path: str, description: str, priority: int) -> dict[str, Any]:
    column = {"name": name, "type": json_type, "jsonPath": path, "description": description}
    return {**column, "priority": priority} if priority else column


def schema_of(kind: ResourceKind) -> dict[str, Any]:
    """Return the schema of a kind's objects."""
    schema: dict[str, Any] = {
        "description": kind.description,
        "type": "object",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object", "properties": {"name": {"type": "string", "maxLength": 253}}},
            "spec": structural(written(kind.spec)),
            "status": structural(kind.status),
        },
    }
    for rule in kind.rules:
        _add(_at(schema, rule.at), rule.cel, rule.message, rule.field)
    for transition in kind.transitions:
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
