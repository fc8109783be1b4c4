"""Sweeps, and one for each thing that can be wrong with a sweep, with the place and the words of the sentence."""

import copy
from dataclasses import dataclass
from typing import Any

from ssd_operator import naming
from ssd_operator.spec.sweep_rules import COLUMNS

__all__ = ["SWEEP_FAULTS", "SweepFault", "sweep", "sweep_spec"]

_CUT = {
    "name": "cut",
    "values": [
        {"name": "none", "set": {"sampling": {"topK": 0, "topP": 1}}},
        {"name": "k10", "set": {"sampling": {"topK": 10}}},
    ],
}
_TRAIN = {"name": "Ttrain", "field": "sampling.temperature", "values": [0.5, 1, 1.5, 2]}
_CONTROL = {"name": "control", "set": {"sampling": {"temperature": 1, "topK": 0, "topP": 1}}}
_WHERE = {"storage": {"claimName": "experiments"}}
_BENCHMARKS = {"evaluation": {"benchmarks": [{"name": "toy"}, {"name": "plain", "source": {"builtin": "toy"}}]}}


def sweep_spec(**changes: Any) -> dict[str, Any]:
    """Return the spec of four by two cells and a control, the caller's own; what is changed to None is left out."""
    spec: dict[str, Any] = {
        "template": {"spec": {"preset": "toy", **_WHERE}},
        "axes": [_TRAIN, _CUT],
        "cells": [_CONTROL],
        "replicates": 3,
        "select": {"benchmark": "toy", "metric": "pass@1"},
        "baseline": {"cell": "control"},
    }
    return copy.deepcopy({key: value for key, value in {**spec, **changes}.items() if value is not None})


def sweep(name: str = "heat", **changes: Any) -> dict[str, Any]:
    """Return the whole resource."""
    return {
        "apiVersion": naming.API_VERSION,
        "kind": naming.SWEEP_KIND,
        "metadata": {"name": name},
        "spec": sweep_spec(**changes),
    }


@dataclass(frozen=True)
class SweepFault:
    """A sweep with one thing wrong in it, and what is said of it."""

    id: str
    path: str
    message: str
    changes: dict[str, Any]
    hidden: bool = False
    """True where the API server cannot see it."""


def _template(**fields: Any) -> dict[str, Any]:
    return {"template": {"spec": {"preset": "toy", **_WHERE, **fields}}}


def _axis(**fields: Any) -> dict[str, Any]:
    return {"name": "other", **fields}


def _hidden(name: str, path: str, message: str, **changes: Any) -> SweepFault:
    return SweepFault(name, path, message, changes, hidden=True)


def _seen(name: str, path: str, message: str, **changes: Any) -> SweepFault:
    return SweepFault(name, path, message, changes)


_NAMELESS = "is required: name the field of the template's spec that takes the values, such as sampling.temperature"
_NO_PARTS = "must be a benchmark with a sweep of decode settings: one without has no select problems"
_SIMPLE = "must be a number, a text, true, false or a list of them; an axis whose values have names has no field"

SWEEP_FAULTS = (
    _hidden("axis-without-field", "spec.axes[1].field", _NAMELESS, axes=[_TRAIN, _axis(values=[1, 2])]),
    _hidden(
        "no-such-field", "spec.axes[0].field", "sampling.temprature is no field of a SelfDistillation's spec",
        axes=[_axis(field="sampling.temprature", values=[1])],
    ),
    _seen(
        "two-axes-one-field", "spec.axes", "two axes must not write the same field",
        axes=[_TRAIN, {**_TRAIN, "name": "again"}],
    ),
    _hidden(
        "field-in-a-set", "spec.axes[1].values", "writes sampling.topK, which the axis k writes, too",
        axes=[{"name": "k", "field": "sampling.topK", "values": [1]}, _CUT],
    ),
    _hidden(
        "set-over-a-field", "spec.axes[1].field", "writes sampling.topP, which the axis cut writes, too",
        axes=[_CUT, {"name": "p", "field": "sampling.topP", "values": [1]}],
    ),
    _hidden(
        "too-many-cells", "spec.axes", "make 10,001 cells with their replicates, and a sweep has at most 10,000",
        axes=[
            {"name": "steps", "field": "training.steps", "values": list(range(100, 200))},
            {"name": "k", "field": "sampling.topK", "values": list(range(100))},
        ],
        replicates=1,
    ),
    _seen("no-replicate", "spec.replicates", "must be at least 1, but is 0", replicates=0),
    _seen("no-such-baseline", "spec.baseline.cell", "must be one of spec.cells", baseline={"cell": "kontrol"}),
    _seen("no-cell", "spec", "has no cell: name axes, cells, rounds, or several of them", axes=None, cells=[], baseline=None),
    _hidden(
        "select-without-parts", "spec.select.benchmark", _NO_PARTS,
        select={"benchmark": "plain"}, **_template(**_BENCHMARKS),
    ),
    _seen(
        "select-with-no-sweep", "spec.select.benchmark", _NO_PARTS,
        **_template(evaluation={"benchmarks": [{"name": "toy", "sweep": []}]}),
    ),
    _seen(
        "select-unknown", "spec.select.benchmark", "must be one of the template's evaluation.benchmarks",
        select={"benchmark": "other"}, **_template(**_BENCHMARKS),
    ),
    _hidden(
        "select-unknown-in-preset", "spec.select.benchmark", "must be one of the template's evaluation.benchmarks",
        select={"benchmark": "other"},
    ),
    _hidden(
        "select-by-another-metric", "spec.select.metric",
        "must be pass@1, by which settings are chosen: or set selectMetric at the benchmark",
        select={"benchmark": "toy", "metric": "pass@5"},
    ),
    _hidden(
        "select-by-what-is-not-reported",
        "spec.select.metric",
        "must be one of the k of toy",
        select={"benchmark": "toy", "metric": "pass@3"},
        **_template(evaluation={"benchmarks": [{"name": "toy", "selectMetric": "pass@3"}]}),
    ),
    _seen("no-select", "spec.select", "is required", select=None),
    _hidden(
        "gate-by-another-metric", "spec.template.spec.promotion.gate.metric",
        "is not what cells choose their settings by: write selectMetric at the benchmark",
        **_template(promotion={"gate": {"metric": "pass@5"}}),
    ),
    _hidden(
        "no-candidate", "spec.template.spec.evaluation.arms", "must hold Base and Candidate: cells are compared by both",
        **_template(evaluation={"arms": ["Base"]}),
    ),
    _seen("axis-twice", "spec.axes[1]", "Duplicate value: 'Ttrain'", axes=[_TRAIN, {**_CUT, "name": "Ttrain"}]),
    _hidden("value-twice", "spec.axes[0].values[1]", "Duplicate value: '1'", axes=[{**_TRAIN, "values": [1, 1.0]}]),
    _seen("cell-twice", "spec.cells[1]", "Duplicate value: 'control'", cells=[_CONTROL, _CONTROL]),
    _seen(
        "axis-named-as-a-column", "spec.axes[0].name",
        f"must not be a column that every table has: {', '.join(COLUMNS)}",
        axes=[{**_TRAIN, "name": "cell"}],
    ),
    _hidden(
        "unknown-field-in-a-set", "spec.cells[0].set.sampling.topQ", "no such field",
        cells=[{"name": "control", "set": {"sampling": {"topQ": 1}}}],
    ),
    _hidden(
        "wrong-value", "spec.axes[0].values[1]", "must be at most 100, but is 400",
        axes=[{**_TRAIN, "values": [1, 400]}],
    ),
    _hidden("object-for-a-field", "spec.axes[0].values[0]", _SIMPLE, axes=[{**_TRAIN, "values": [{"name": "a"}]}]),
    _hidden(
        "value-without-set", "spec.axes[0].values[0]", "must be an object with name and set, and nothing else",
        axes=[_axis(values=[{"name": "a"}])],
    ),
    _hidden(
        "promotion-in-a-cell", "spec.cells[0].set.promotion",
        "promotion is the same in all cells: write it in the template", cells=[{"name": "control", "set": {"promotion": {}}}],
    ),
    _hidden(
        "axis-of-places", "spec.axes[0].field", "preset is the same in all cells: write it in the template",
        axes=[_axis(field="preset", values=["toy", "machine"])],
    ),
    _hidden(
        "axis-of-execution", "spec.axes[0].field",
        "sampling.shards changes no result, so its cells would be one: name a field that does",
        axes=[_axis(field="sampling.shards", values=[1, 2])],
    ),
    _hidden(
        "axis-of-a-replicate's-seed", "spec.replicates",
        "change training.seed, which spec.axes[0] writes, too: set one of them",
        axes=[_axis(field="training.seed", values=[1, 2])],
    ),
    _seen("mode-in-the-template", "spec.template.spec.mode", "is the sweep's: set spec.mode", **_template(mode="Plan")),
    _seen(
        "suspend-in-the-template", "spec.template.spec.suspend", "is the sweep's: set spec.suspend",
        **_template(suspend=True),
    ),
    _seen(
        "ttl-in-the-template", "spec.template.spec.ttlAfterFinished",
        "must not be set: cells are there as long as their sweep", **_template(ttlAfterFinished="1h"),
    ),
    _seen(
        "chosen-among-in-the-template",
        "spec.template.spec.promotion.chosenAmong",
        "must not be set: the sweep writes it",
        **_template(promotion={"chosenAmong": 3}),
    ),
    _seen(
        "baseline-beside-rounds", "spec.baseline", "must not be set beside rounds, which are compared with their root",
        rounds={"count": 2, "freshPrompts": False},
    ),
    _seen(
        "fresh-prompts-without-a-limit", "spec.rounds.freshPrompts",
        "needs prompts.limit in the template: each round takes the next so many problems of the pool",
        rounds={"count": 2}, baseline=None, **_template(prompts={"limit": 0}),
    ),
    _hidden(
        "a-step-beyond-the-last", "spec.candidateSteps[1]",
        "is beyond the 125 steps of training (in the cell Ttrain=0.5, cut=none)", candidateSteps=[20, 126],
    ),
    _seen("step-zero", "spec.candidateSteps[0]", "must be at least 1, but is 0", candidateSteps=[0]),
    _seen("step-twice", "spec.candidateSteps[1]", "Duplicate value: 20", candidateSteps=[20, 20]),
    _seen(
        "steps-beside-rounds", "spec.candidateSteps",
        "must not be set beside rounds, of which each starts from the last step of the one before",
        candidateSteps=[20], rounds={"count": 2, "freshPrompts": False}, baseline=None,
    ),
    _seen(
        "a-step-in-the-template", "spec.template.spec.evaluation.candidateStep",
        "must not be set beside spec.candidateSteps, which writes it",
        candidateSteps=[20], **_template(evaluation={"candidateStep": 20}, training={"steps": 20}),
    ),
    _hidden(
        "axis-of-steps-beside-steps", "spec.candidateSteps",
        "change evaluation.candidateStep, which spec.axes[0] writes, too: set one of them",
        candidateSteps=[20], axes=[_axis(field="evaluation.candidateStep", values=[20, 40])],
    ),
    _seen("one-round", "spec.rounds.count", "must be at least 2, but is 1", rounds={"count": 1}, baseline=None),
    _seen(
        "round-in-the-template", "spec.template.spec.round", "must not be set: a sweep with rounds writes it",
        **_template(round={"number": 1}),
    ),
    _hidden(
        "rounds-without-weights", "spec.template.spec.storage.keep",
        "must not be results beside rounds, of which each starts from the weights of the one before",
        rounds={"count": 2, "freshPrompts": False}, baseline=None,
        template={"spec": {"preset": "toy", "storage": {"claimName": "experiments", "keep": "results"}}},
    ),
    _hidden(
        "axis-of-rounds", "spec.axes[0].field", "round is written by spec.rounds",
        axes=[_axis(field="round.number", values=[1, 2])],
    ),
    _seen(
        "a-claim-per-cell", "spec.template.spec.storage.template",
        "must not be set: cells share what they make on one claim, named in claimName",
        template={"spec": {"preset": "toy", "storage": {"template": {"size": "1Gi"}}}},
    ),
    _seen(
        "unknown-field-in-the-template", "spec.template.spec.samplig", "no such field", **_template(samplig={}),
    ),
    _seen(
        "the-run's-rule-in-the-template", "spec.template.spec.training.warmupSteps", "warmupSteps must be less than steps",
        **_template(training={"steps": 2, "warmupSteps": 2}),
    ),
    _hidden(
        "a-rule-that-a-cell-breaks", "spec.axes[0].values[0].set.evaluation.benchmarks[0].k",
        "k must not exceed samplesPerProblem (in the cell other=few)",
        axes=[
            _axis(values=[{"name": "few", "set": {"evaluation": {"benchmarks": [{"name": "toy", "samplesPerProblem": 2}]}}}])
        ],
    ),
    _hidden(
        "a-rule-between-template-and-cell", "spec.template.spec.training.warmupSteps",
        "warmupSteps must be less than steps (in the cell steps=2)",
        axes=[{"name": "steps", "field": "training.steps", "values": [2]}], **_template(training={"warmupSteps": 2}),
    ),
)  # fmt: skip
"""Everything that is refused, each with its one sentence."""
