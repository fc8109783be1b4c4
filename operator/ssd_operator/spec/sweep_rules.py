"""Rules across the fields of a sweep that the API server can see; what is in a value or in `set` only we can read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from ssd_operator.spec import rules
from ssd_operator.spec.rule import Rule

__all__ = ["COLUMNS", "NEEDS_LIMIT", "NEEDS_WEIGHTS", "NO_PARTS", "NO_SUCH_BENCHMARK", "RULES"]

Node = Mapping[str, Any]

COLUMNS: Final = (
    "cell", "replicate", "round", "candidate_step", "name", "phase", "setting", "settings", "select", "base_select",
    "report", "report_low", "report_high", "base_report", "difference", "difference_low", "difference_high",
    "over_baseline", "over_root", "over_root_low", "over_root_high",
)  # fmt: skip
"""What the table of a sweep has beside its axes."""
NO_SUCH_BENCHMARK: Final = "must be one of the template's evaluation.benchmarks"
NO_PARTS: Final = "must be a benchmark with a sweep of decode settings: one without has no select problems"
NEEDS_LIMIT: Final = "needs prompts.limit in the template: each round takes the next so many problems of the pool"
NEEDS_WEIGHTS: Final = "must not be results beside rounds, of which each starts from the weights of the one before"
_BENCHMARKS = "self.template.spec.evaluation.benchmarks"
_UNKNOWN = f"!has(self.template.spec.evaluation) || !has({_BENCHMARKS})"


def _fields(sweep: Node) -> list[str]:
    return [axis["field"] for axis in sweep.get("axes", []) if axis.get("field")]


def _once(sweep: Node) -> bool:
    fields = _fields(sweep)
    return len(fields) == len(set(fields))


def _baseline_is_there(sweep: Node) -> bool:
    names = {cell["name"] for cell in sweep.get("cells", [])}
    return "baseline" not in sweep or sweep["baseline"]["cell"] in names


def _selected(sweep: Node) -> list[Node] | None:
    """Return the benchmarks of the template that are selected on, None where they are not written there."""
    benchmarks = sweep["template"]["spec"].get("evaluation", {}).get("benchmarks")
    if benchmarks is None:
        return None
    return [each for each in benchmarks if each["name"] == sweep["select"]["benchmark"]]


def _has_parts(sweep: Node) -> bool:
    return all("sweep" not in each or bool(each["sweep"]) for each in _selected(sweep) or [])


def _fresh_prompts_are_parts(sweep: Node) -> bool:
    limit = sweep["template"]["spec"].get("prompts", {}).get("limit")
    return "rounds" not in sweep or not sweep["rounds"].get("freshPrompts", True) or limit is None or limit > 0


def _absent(field: str, message: str, *, at: str = "spec.template.spec") -> Rule:
    return Rule(
        at=at,
        cel=f"!has(self.{field})",
        holds=lambda section: field not in section,
        message=message,
        field=field,
    )


RULES: Final[tuple[Rule, ...]] = (
    *(replace(rule, at=f"spec.template.{rule.at}" if rule.at.startswith("spec") else rule.at) for rule in rules.RULES),
    Rule(
        at="spec",
        cel="(has(self.axes) && self.axes.size() > 0) || (has(self.cells) && self.cells.size() > 0) || "
        "has(self.rounds)",
        holds=lambda sweep: bool(sweep.get("axes")) or bool(sweep.get("cells")) or "rounds" in sweep,
        message="has no cell: name axes, cells, rounds, or several of them",
    ),
    Rule(
        at="spec",
        cel="!has(self.axes) || self.axes.all(a, !has(a.field) || a.field == '' || "
        "self.axes.exists_one(b, has(b.field) && b.field == a.field))",
        holds=_once,
        message="two axes must not write the same field",
        field="axes",
    ),
    Rule(
        at="spec.axes[]",
        cel=f"!(self.name in {list(COLUMNS)})",
        holds=lambda axis: axis["name"] not in COLUMNS,
        message=f"must not be a column that every table has: {', '.join(COLUMNS)}",
        field="name",
    ),
    Rule(
        at="spec",
        cel="!has(self.baseline) || (has(self.cells) && self.cells.exists(c, c.name == self.baseline.cell))",
        holds=_baseline_is_there,
        message="must be one of spec.cells",
        field="baseline.cell",
    ),
    Rule(
        at="spec",
        cel="!has(self.baseline) || !has(self.rounds)",
        holds=lambda sweep: "baseline" not in sweep or "rounds" not in sweep,
        message="must not be set beside rounds, which are compared with their root",
        field="baseline",
    ),
    Rule(
        at="spec",
        cel="!has(self.candidateSteps) || self.candidateSteps.size() == 0 || !has(self.rounds)",
        holds=lambda sweep: not sweep.get("candidateSteps") or "rounds" not in sweep,
        message="must not be set beside rounds, of which each starts from the last step of the one before",
        field="candidateSteps",
    ),
    Rule(
        at="spec",
        cel="!has(self.candidateSteps) || self.candidateSteps.size() == 0 || !has(self.template.spec.evaluation) || "
        "!has(self.template.spec.evaluation.candidateStep) || self.template.spec.evaluation.candidateStep == 0",
        holds=lambda sweep: (
            not sweep.get("candidateSteps") or not sweep["template"]["spec"].get("evaluation", {}).get("candidateStep")
        ),
        message="must not be set beside spec.candidateSteps, which writes it",
        field="template.spec.evaluation.candidateStep",
    ),
    Rule(
        at="spec",
        cel="!has(self.rounds) || (has(self.rounds.freshPrompts) && !self.rounds.freshPrompts) || "
        "!has(self.template.spec.prompts) || !has(self.template.spec.prompts.limit) || "
        "self.template.spec.prompts.limit > 0",
        holds=_fresh_prompts_are_parts,
        message=NEEDS_LIMIT,
        field="rounds.freshPrompts",
    ),
    Rule(
        at="spec",
        cel=f"{_UNKNOWN} || {_BENCHMARKS}.exists(b, b.name == self.select.benchmark)",
        holds=lambda sweep: _selected(sweep) is None or bool(_selected(sweep)),
        message=NO_SUCH_BENCHMARK,
        field="select.benchmark",
    ),
    Rule(
        at="spec",
        cel=f"{_UNKNOWN} || {_BENCHMARKS}.all(b, b.name != self.select.benchmark || !has(b.sweep) || "
        "b.sweep.size() > 0)",
        holds=_has_parts,
        message=NO_PARTS,
        field="select.benchmark",
    ),
    _absent("mode", "is the sweep's: set spec.mode"),
    _absent("round", "must not be set: a sweep with rounds writes it"),
    _absent("suspend", "is the sweep's: set spec.suspend"),
    _absent("ttlAfterFinished", "must not be set: cells are there as long as their sweep"),
    _absent("chosenAmong", "must not be set: the sweep writes it", at="spec.template.spec.promotion"),
    _absent(
        "template",
        "must not be set: cells share what they make on one claim, named in claimName",
        at="spec.template.spec.storage",
    ),
)
