"""Rules of the selection of decode settings: on which problems, and that no part is mistaken for a benchmark."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ssd_operator.spec.rule import Rule

__all__ = ["RULES"]

Node = Mapping[str, Any]

_PARTS = ("-select", "-report", "-chosen")
"""What parts and stages of a benchmark with a sweep are called after its name."""
_WANTED = "!has(b.selectFrom) || b.selectFrom == ''"


def _wanted(evaluation: Node) -> list[tuple[str, str]]:
    """Return which benchmark selects on which other one."""
    return [(each["name"], each["selectFrom"]) for each in evaluation["benchmarks"] if each.get("selectFrom")]


def _k(benchmark: Node) -> int:
    return int(benchmark.get("selectMetric", "pass@1").removeprefix("pass@"))


def _are_others(evaluation: Node) -> bool:
    names = {each["name"] for each in evaluation["benchmarks"]}
    return all(other in names and other != name for name, other in _wanted(evaluation))


def _are_whole(evaluation: Node) -> bool:
    swept = {each["name"] for each in evaluation["benchmarks"] if each.get("sweep")}
    return all(other not in swept for _, other in _wanted(evaluation))


RULES: tuple[Rule, ...] = (
    Rule(
        at="spec.evaluation.benchmarks[]",
        cel="!self.name.matches('-(select|report|chosen)$')",
        holds=lambda self: not self["name"].endswith(_PARTS),
        message="must not end with -select, -report or -chosen, which are names of parts: name it otherwise",
        field="name",
    ),
    Rule(
        at="spec.evaluation.benchmarks[]",
        cel="!has(self.selectFrom) || self.selectFrom == '' || !has(self.sweep) || self.sweep.size() > 0",
        holds=lambda self: not self.get("selectFrom") or "sweep" not in self or bool(self["sweep"]),
        message="selectFrom needs a sweep: without one there is nothing to choose",
        field="selectFrom",
    ),
    Rule(
        at="spec.evaluation.benchmarks[]",
        cel="!has(self.selectMetric) || !has(self.samplesPerProblem) || "
        "int(self.selectMetric.substring(5)) <= self.samplesPerProblem",
        holds=lambda self: "samplesPerProblem" not in self or _k(self) <= self["samplesPerProblem"],
        message="selectMetric must not need more samples than samplesPerProblem",
        field="selectMetric",
    ),
    Rule(
        at="spec.evaluation",
        cel=f"!has(self.benchmarks) || self.benchmarks.all(b, {_WANTED} || "
        "self.benchmarks.exists(c, c.name == b.selectFrom && c.name != b.name))",
        holds=lambda self: "benchmarks" not in self or _are_others(self),
        message="selectFrom must name another one of evaluation.benchmarks",
        field="benchmarks",
    ),
    Rule(
        at="spec.evaluation",
        cel=f"!has(self.benchmarks) || self.benchmarks.all(b, {_WANTED} || "
        "self.benchmarks.all(c, c.name != b.selectFrom || !has(c.sweep) || c.sweep.size() == 0))",
        holds=lambda self: "benchmarks" not in self or _are_whole(self),
        message="selectFrom must name a benchmark without a sweep: all its problems are there to choose on",
        field="benchmarks",
    ),
)
