"""Rules between what is promoted and what is evaluated: a gate can only judge what is measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ssd_operator.spec.rule import Rule

__all__ = ["RULES"]

Node = Mapping[str, Any]

_NO_GATE = "!has(self.promotion) || !has(self.promotion.gate)"
_NO_LIST = "!has(self.evaluation) || !has(self.evaluation.benchmarks)"


def _gate(spec: Node) -> Node:
    gate: Node = spec.get("promotion", {}).get("gate", {})
    return gate


def _benchmarks(spec: Node) -> list[Node] | None:
    benchmarks: list[Node] | None = spec.get("evaluation", {}).get("benchmarks")
    return benchmarks


def _all_listed(spec: Node, names: Iterable[str]) -> bool:
    benchmarks = _benchmarks(spec)
    return benchmarks is None or set(names) <= {benchmark["name"] for benchmark in benchmarks}


def _all_reported(spec: Node, wanted: Iterable[tuple[str, str]]) -> bool:
    """Tell whether each (benchmark, metric) is measured, as far as the spec says which k are."""
    reported = {each["name"]: each["k"] for each in _benchmarks(spec) or [] if "k" in each}
    return all(int(metric.removeprefix("pass@")) in reported.get(name, [int(metric.removeprefix("pass@"))])
               for name, metric in wanted)  # fmt: skip


def _judged(spec: Node, metric: str | None) -> list[tuple[str, str]]:
    benchmark = _gate(spec).get("benchmark")
    return [(benchmark, metric)] if benchmark is not None and metric is not None else []


def _guards(spec: Node) -> list[Node]:
    guards: list[Node] = _gate(spec).get("guards", [])
    return guards


def _is_swept(spec: Node) -> bool:
    judged = (each for each in _benchmarks(spec) or [] if each["name"] == _gate(spec).get("benchmark"))
    return all("sweep" not in each or bool(each["sweep"]) for each in judged)


def _both_arms(spec: Node, section: str) -> bool:
    arms = spec.get("evaluation", {}).get("arms")
    return section not in spec or arms is None or len(arms) == 2


RULES: tuple[Rule, ...] = (
    Rule(
        at="spec",
        cel=f"{_NO_GATE} || !has(self.promotion.gate.benchmark) || {_NO_LIST} || "
        "self.evaluation.benchmarks.exists(b, b.name == self.promotion.gate.benchmark)",
        holds=lambda spec: "benchmark" not in _gate(spec) or _all_listed(spec, [_gate(spec)["benchmark"]]),
        message="the gate's benchmark must be one of evaluation.benchmarks",
        field="promotion.gate.benchmark",
    ),
    Rule(
        at="spec",
        cel=f"{_NO_GATE} || !has(self.promotion.gate.benchmark) || !has(self.promotion.gate.baseline) || "
        f"self.promotion.gate.baseline != 'BestDecode' || {_NO_LIST} || "
        "self.evaluation.benchmarks.all(b, b.name != self.promotion.gate.benchmark || !has(b.sweep) || "
        "b.sweep.size() > 0)",
        holds=lambda spec: _gate(spec).get("baseline") != "BestDecode" or _is_swept(spec),
        message="BestDecode needs a sweep of the gate's benchmark",
        field="promotion.gate.baseline",
    ),
    Rule(
        at="spec",
        cel=f"{_NO_GATE} || !has(self.promotion.gate.guards) || {_NO_LIST} || "
        "self.promotion.gate.guards.all(g, self.evaluation.benchmarks.exists(b, b.name == g.benchmark))",
        holds=lambda spec: _all_listed(spec, [guard["benchmark"] for guard in _guards(spec)]),
        message="every guard's benchmark must be one of evaluation.benchmarks",
        field="promotion.gate.guards",
    ),
    Rule(
        at="spec",
        cel=f"{_NO_GATE} || !has(self.promotion.gate.benchmark) || !has(self.promotion.gate.metric) || {_NO_LIST} || "
        "self.evaluation.benchmarks.all(b, b.name != self.promotion.gate.benchmark || !has(b.k) || "
        "int(self.promotion.gate.metric.substring(5)) in b.k)",
        holds=lambda spec: _all_reported(spec, _judged(spec, _gate(spec).get("metric"))),
        message="the gate's metric must be one of the benchmark's k",
        field="promotion.gate.metric",
    ),
    Rule(
        at="spec",
        cel=f"{_NO_GATE} || !has(self.promotion.gate.benchmark) || !has(self.promotion.gate.passAt5) || "
        f"!self.promotion.gate.passAt5 || {_NO_LIST} || "
        "self.evaluation.benchmarks.all(b, b.name != self.promotion.gate.benchmark || !has(b.k) || 5 in b.k)",
        holds=lambda spec: not _gate(spec).get("passAt5", False) or _all_reported(spec, _judged(spec, "pass@5")),
        message="passAt5 needs 5 among the benchmark's k",
        field="promotion.gate.passAt5",
    ),
    Rule(
        at="spec",
        cel=f"{_NO_GATE} || !has(self.promotion.gate.guards) || {_NO_LIST} || "
        "self.promotion.gate.guards.all(g, self.evaluation.benchmarks.all(b, b.name != g.benchmark || !has(b.k) || "
        "int(g.metric.substring(5)) in b.k))",
        holds=lambda spec: _all_reported(spec, [(guard["benchmark"], guard["metric"]) for guard in _guards(spec)]),
        message="every guard's metric must be one of its benchmark's k",
        field="promotion.gate.guards",
    ),
    *(
        Rule(
            at="spec",
            cel=f"!has(self.{section}) || !has(self.evaluation) || !has(self.evaluation.arms) || "
            "self.evaluation.arms.size() == 2",
            holds=lambda spec, section=section: _both_arms(spec, section),  # type: ignore[misc]
            message=f"{section} compares the arms: evaluation.arms must hold Base and Candidate",
            field=section,
        )
        for section in ("promotion", "analysis")
    ),
)
