"""Rules across fields: each is stated twice, as CEL for the API server and as Python, and worded once.

The API server judges what is written; `resolve` runs the same list on the complete description, where a pair may
come half from the user and half from a preset. A rule holds while one of the fields it needs is absent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import le, lt
from typing import Any

from ssd_operator.errors import Problem
from ssd_operator.spec import gate_rules, pod_rules, scheduling_rules, select_rules
from ssd_operator.spec.resolved import ResolvedSpec
from ssd_operator.spec.rule import Rule, is_name
from ssd_operator.spec.walk import places

__all__ = ["RULES", "judge"]


def judge(document: Mapping[str, Any], rules: Iterable[Rule]) -> Iterator[Problem]:
    """Yield what is wrong across the fields of a resource whose fields are right one by one."""
    for rule in rules:
        for path, node in _found(document, [step for step in rule.at.split(".") if step], ""):
            if not rule.holds(node):
                yield Problem(f"{path}.{rule.field}".strip("."), rule.message)


def _found(node: Any, steps: list[str], path: str) -> Iterator[tuple[str, Any]]:
    if not steps:
        yield path, node
        return
    name, rest = steps[0].removesuffix("[]"), steps[1:]
    if name not in node:
        return
    here = f"{path}.{name}".lstrip(".")
    if not steps[0].endswith("[]"):
        yield from _found(node[name], rest, here)
        return
    for index, entry in enumerate(node[name]):
        yield from _found(entry, rest, f"{here}[{index}]")


def _exactly_one(at: str, choices: tuple[str, ...]) -> Rule:
    return Rule(
        at=at,
        cel=f"[{', '.join(f'has(self.{choice})' for choice in choices)}].exists_one(x, x)",
        holds=lambda self: sum(choice in self for choice in choices) == 1,
        message=f"set exactly one of {', '.join(choices)}",
    )


def _pair(at: str, left: str, operator: str, right: str, *, compare: Callable[[Any, Any], bool], says: str) -> Rule:
    return Rule(
        at=at,
        cel=f"!has(self.{left}) || !has(self.{right}) || self.{left} {operator} self.{right}",
        holds=lambda self: left not in self or right not in self or compare(self[left], self[right]),
        message=f"{left} must {says} {right}",
        field=left,
    )


def _is_exported(spec: Mapping[str, Any]) -> bool:
    """Tell whether a training exports the step at which its candidate is taken; what is not written may be anything."""
    step, training = spec.get("evaluation", {}).get("candidateStep", 0), spec.get("training", {})
    if not step or "steps" not in training:
        return True
    export = training.get("export", {})
    every = export.get("everySteps", 0)
    return step == training["steps"] or (
        step < training["steps"] and (step in export.get("steps", []) or (every > 0 and step % every == 0))
    )


def _both_or_none(self: Mapping[str, Any]) -> bool:
    return bool(self.get("from")) == bool(self.get("nonce"))


PARTS = frozenset({"model", "prompts"})
"""What prepare resolves beside the benchmarks; it reports the digest of each part under its name."""

_PLACES = tuple(places(ResolvedSpec, "spec"))

_STEP = "self.evaluation.candidateStep"
_EXPORT = "self.training.export"

RULES: tuple[Rule, ...] = (
    *(_exactly_one(path, model.one_of) for path, model in _PLACES if model.one_of),
    _pair("spec.training", "minLearningRate", "<=", "learningRate", compare=le, says="not exceed"),
    _pair("spec.training", "warmupSteps", "<", "steps", compare=lt, says="be less than"),
    _pair(
        "spec.evaluation.benchmarks[].source.livecodebench", "from", "<=", "to", compare=le, says="not be later than"
    ),
    Rule(
        at="spec.evaluation.benchmarks[]",
        cel="!has(self.k) || !has(self.samplesPerProblem) || self.k.all(k, k <= self.samplesPerProblem)",
        holds=lambda self: "samplesPerProblem" not in self or max(self.get("k", [0])) <= self["samplesPerProblem"],
        message="k must not exceed samplesPerProblem",
        field="k",
    ),
    Rule(
        at="spec.evaluation.benchmarks[]",
        cel="!has(self.grading) || self.grading.size() < 2 || !self.grading.exists(x, x in ['Answer', 'Input'])",
        holds=lambda self: len(self.get("grading", [])) < 2 or {"Answer", "Input"}.isdisjoint(self["grading"]),
        message="Answer and Input stand alone: what is graded is either a program or none",
        field="grading",
    ),
    Rule(
        at="spec.evaluation.benchmarks[]",
        cel="!(self.name in ['model', 'prompts'])",
        holds=lambda self: self["name"] not in PARTS,
        message="model and prompts are what every experiment has: give the benchmark another name",
        field="name",
    ),
    Rule(
        at="spec",
        cel=f"!has(self.evaluation) || !has({_STEP}) || {_STEP} == 0 || "
        f"!has(self.training) || !has(self.training.steps) || {_STEP} == self.training.steps || "
        f"({_STEP} < self.training.steps && has({_EXPORT}) && ((has({_EXPORT}.steps) && {_STEP} in {_EXPORT}.steps) || "
        f"(has({_EXPORT}.everySteps) && {_EXPORT}.everySteps > 0 && {_STEP} % {_EXPORT}.everySteps == 0)))",
        holds=_is_exported,
        message="must be one of training.export.steps, a multiple of training.export.everySteps, or training.steps: "
        "no other step is exported",
        field="evaluation.candidateStep",
    ),
    Rule(
        at="spec.rerun",
        cel="(has(self.from) && self.from != '') == (has(self.nonce) && self.nonce != '')",
        holds=_both_or_none,
        message="set from and nonce together",
    ),
    *pod_rules.RULES,
    *scheduling_rules.RULES,
    *select_rules.RULES,
    *gate_rules.RULES,
    Rule(
        at="",
        cel="size(self.metadata.name) <= 40 && self.metadata.name.matches('^[a-z]([a-z0-9-]*[a-z0-9])?$')",
        holds=lambda self: is_name(self["metadata"]["name"]),
        message="the name must be at most 40 lower-case letters, digits and dashes and begin with a letter: "
        "it becomes part of labels and other names",
        field="metadata.name",
    ),
)
