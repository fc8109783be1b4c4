"""Every rule across fields, once kept and once broken, with the place and the words of both judges."""

import json
from dataclasses import dataclass
from typing import Any

from resources.cases import document
from ssd_operator.spec.pod import ResourceClaim
from ssd_operator.spec.volumes import Volume

__all__ = ["RULE_CASES", "RuleCase"]


@dataclass(frozen=True)
class RuleCase:
    """A rule: where it stands, a resource that keeps it, one that breaks it, and what is said then."""

    at: str
    good: str
    bad: str
    path: str
    message: str

    @property
    def id(self) -> str:
        """What the test is called."""
        return f"{self.path}-{self.message[:40]}".replace(" ", "-")


def _case(at: str, path: str, message: str, *, good: str, bad: str) -> RuleCase:
    claim = "" if at == "spec.storage" else "storage: {claimName: experiments}\n"
    return RuleCase(at, document(claim + good), document(claim + bad), path, message)


def _nested(path: str, value: Any) -> str:
    """Write `path: value` below spec, `[]` steps as a list of one with a name."""
    for step in reversed(path.split(".")[1:]):
        value = {step[:-2]: [{"name": "b", **value}]} if step.endswith("[]") else {step: value}
    return json.dumps(value)[1:-1]


def _one_of(at: str, choices: str, *, good: Any, bad: Any) -> RuleCase:
    where = at.replace("[]", "[0]")
    head = "" if at == "spec.storage" else '"storage": {"claimName": "experiments"}, '
    right, wrong = (
        '{"apiVersion": "selfdistill.dev/v1alpha1", "kind": "SelfDistillation", "metadata": {"name": "demo"}, '
        f'"spec": {{{head}{_nested(at, value)}}}}}'
        for value in (good, bad)
    )
    return RuleCase(at, right, wrong, where, f"set exactly one of {choices}")


_PODS = [f"spec.{stage}.pod" for stage in ("prompts", "sampling", "curation", "training", "evaluation", "analysis")]
_PODS += ["spec.evaluation.gradePod", "spec.tracking.pod", "spec.pod"]
_OPEN = [pod for pod in _PODS if "grade" not in pod]
"""Pods for which volumes and devices can be asked for."""


def _variables() -> list[RuleCase]:
    source = {"configMapKeyRef": {"name": "c", "key": "k"}}
    cases = []
    for pod in _PODS:
        at = f"{pod}.env[]"
        both = {"value": "x", "valueFrom": source}
        one = _one_of(at, "", good={"value": "", "valueFrom": source}, bad=both)
        cases.append(RuleCase(at, one.good, one.bad, f"{pod}.env[0]", "set value or valueFrom, not both"))
        neither: dict[str, Any] = {"valueFrom": {}}
        chosen = _one_of(at, "secretKeyRef, configMapKeyRef", good={"valueFrom": source}, bad=neither)
        cases.append(RuleCase(f"{at}.valueFrom", chosen.good, chosen.bad, f"{pod}.env[0].valueFrom", chosen.message))
    return cases


def _pods() -> list[RuleCase]:
    source = {"configMap": {"name": "c"}}
    mount = {"name": "v", "mountPath": "/cache"}
    taken = "must not hide /workspace, /etc/ssd, /sandbox, /tmp, /dev/shm, nor lie in the first three"
    host = (
        "a hostPath makes the pod one that Pod Security `restricted` refuses: "
        "set allowHostPath here if that is meant, or use another volume"
    )
    cases = []
    for pod in _OPEN:
        volume = _one_of(f"{pod}.volumes[]", ", ".join(Volume.one_of), good={"name": "v", **source}, bad={"name": "v"})
        cases.append(RuleCase(f"{pod}.volumes[]", volume.good, volume.bad, f"{pod}.volumes[0]", volume.message))
        device = {"resourceClaimName": "a"}
        claim = _one_of(f"{pod}.resourceClaims[]", ", ".join(ResourceClaim.one_of), good=device, bad={})
        at, path = f"{pod}.resourceClaims[]", f"{pod}.resourceClaims[0]"
        cases.append(RuleCase(at, claim.good, claim.bad, path, claim.message))
        for wrong in ("/workspace/tests", "/etc", "/tmp"):
            one = _one_of(f"{pod}.volumeMounts[]", "", good=mount, bad={**mount, "mountPath": wrong})
            at, path = f"{pod}.volumeMounts[]", f"{pod}.volumeMounts[0].mountPath"
            cases.append(RuleCase(at, one.good, one.bad, path, f"{taken}: choose another folder"))
        node = {"volumes": [{"name": "v", "hostPath": {"path": "/mnt"}}]}
        one = _one_of(pod, "", good={**node, "allowHostPath": True}, bad=node)
        cases.append(RuleCase(pod, one.good, one.bad, f"{pod}.volumes", host))
    return cases


_HUB: dict[str, Any] = {"huggingFace": {"repo": "a/b"}}
_BENCHMARK = "spec.evaluation.benchmarks[]"
_SWEPT = "sweep: [{temperature: 1}]"
_TWO = "evaluation: {benchmarks: [{name: b, k: [1]}, {name: c, k: [1, 5]}]}\n"

RULE_CASES: tuple[RuleCase, ...] = (
    _one_of("spec.model.source", "huggingFace, path, registry, export, builtin", good=_HUB, bad={**_HUB, "path": "m"}),
    _one_of("spec.prompts.source", "huggingFace, path, builtin", good={"builtin": "toy"}, bad={}),
    _one_of(
        f"{_BENCHMARK}.source", "livecodebench, huggingFace, path, builtin",
        good={"builtin": "mbpp"}, bad={"builtin": "mbpp", "path": "b"},
    ),
    _one_of("spec.storage", "claimName, template", good={"template": {"size": "1Gi"}}, bad={"retain": True}),
    _case(
        "spec.training", "spec.training.minLearningRate", "minLearningRate must not exceed learningRate",
        good="training: {learningRate: 1e-6, minLearningRate: 1e-6}",
        bad="training: {learningRate: 1e-6, minLearningRate: 2e-6}",
    ),
    _case(
        "spec.training", "spec.training.warmupSteps", "warmupSteps must be less than steps",
        good="training: {steps: 2, warmupSteps: 1}", bad="training: {steps: 2, warmupSteps: 2}",
    ),
    _case(
        "spec", "spec.evaluation.candidateStep",
        "must be one of training.export.steps, a multiple of training.export.everySteps, or training.steps: "
        "no other step is exported",
        good="training: {steps: 20, export: {steps: [7]}}\nevaluation: {candidateStep: 7, benchmarks: [{name: b}]}",
        bad="training: {steps: 20, export: {everySteps: 5}}\nevaluation: {candidateStep: 7, benchmarks: [{name: b}]}",
    ),
    _case(
        f"{_BENCHMARK}.source.livecodebench", "spec.evaluation.benchmarks[0].source.livecodebench.from",
        "from must not be later than to",
        good="evaluation: {benchmarks: [{name: b, source: {livecodebench: {from: 2025-02-01, to: 2025-02-01}}}]}",
        bad="evaluation: {benchmarks: [{name: b, source: {livecodebench: {from: 2025-02-02, to: 2025-02-01}}}]}",
    ),
    _case(
        _BENCHMARK, "spec.evaluation.benchmarks[0].k", "k must not exceed samplesPerProblem",
        good="evaluation: {benchmarks: [{name: b, k: [1, 5], samplesPerProblem: 5}]}",
        bad="evaluation: {benchmarks: [{name: b, k: [1, 6], samplesPerProblem: 5}]}",
    ),
    _case(
        _BENCHMARK, "spec.evaluation.benchmarks[0].grading",
        "Answer and Input stand alone: what is graded is either a program or none",
        good="evaluation: {benchmarks: [{name: b, grading: [Answer]}]}",
        bad="evaluation: {benchmarks: [{name: b, grading: [Process, Answer]}]}",
    ),
    _case(
        _BENCHMARK, "spec.evaluation.benchmarks[0].name",
        "model and prompts are what every experiment has: give the benchmark another name",
        good="evaluation: {benchmarks: [{name: models}]}", bad="evaluation: {benchmarks: [{name: model}]}",
    ),
    _case(
        _BENCHMARK, "spec.evaluation.benchmarks[0].name",
        "must not end with -select, -report or -chosen, which are names of parts: name it otherwise",
        good="evaluation: {benchmarks: [{name: select}]}", bad="evaluation: {benchmarks: [{name: b-select}]}",
    ),
    _case(
        _BENCHMARK, "spec.evaluation.benchmarks[0].selectFrom",
        "selectFrom needs a sweep: without one there is nothing to choose",
        good=f"evaluation: {{benchmarks: [{{name: b, selectFrom: c, {_SWEPT}}}, {{name: c}}]}}",
        bad="evaluation: {benchmarks: [{name: b, selectFrom: c, sweep: []}, {name: c}]}",
    ),
    _case(
        _BENCHMARK, "spec.evaluation.benchmarks[0].selectMetric",
        "selectMetric must not need more samples than samplesPerProblem",
        good="evaluation: {benchmarks: [{name: b, selectMetric: pass@5, samplesPerProblem: 5}]}",
        bad="evaluation: {benchmarks: [{name: b, selectMetric: pass@6, samplesPerProblem: 5}]}",
    ),
    _case(
        "spec.evaluation", "spec.evaluation.benchmarks", "selectFrom must name another one of evaluation.benchmarks",
        good=f"evaluation: {{benchmarks: [{{name: b, selectFrom: c, {_SWEPT}}}, {{name: c}}]}}",
        bad=f"evaluation: {{benchmarks: [{{name: b, selectFrom: d, {_SWEPT}}}, {{name: c}}]}}",
    ),
    _case(
        "spec.evaluation", "spec.evaluation.benchmarks",
        "selectFrom must name a benchmark without a sweep: all its problems are there to choose on",
        good=f"evaluation: {{benchmarks: [{{name: b, selectFrom: c, {_SWEPT}}}, {{name: c, sweep: []}}]}}",
        bad=f"evaluation: {{benchmarks: [{{name: b, selectFrom: c, {_SWEPT}}}, {{name: c, {_SWEPT}}}]}}",
    ),
    _case(
        "spec.evaluation.gradePod", "spec.evaluation.gradePod.env",
        "programs under test must not see a secret: take no value from a Secret here",
        good="evaluation: {gradePod: {env: [{name: A, valueFrom: {configMapKeyRef: {name: s, key: k}}}]}}",
        bad="evaluation: {gradePod: {env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: k}}}]}}",
    ),
    _case(
        "spec.rerun", "spec.rerun", "set from and nonce together",
        good="rerun: {from: Train, nonce: '2'}", bad="rerun: {from: Train}",
    ),
    _case(
        "spec", "spec.promotion.gate.benchmark", "the gate's benchmark must be one of evaluation.benchmarks",
        good=_TWO + "promotion: {gate: {benchmark: c}}", bad=_TWO + "promotion: {gate: {benchmark: d}}",
    ),
    _case(
        "spec", "spec.promotion.gate.baseline", "BestDecode needs a sweep of the gate's benchmark",
        good=f"evaluation: {{benchmarks: [{{name: b, {_SWEPT}}}]}}\n"
        "promotion: {gate: {benchmark: b, baseline: BestDecode}}",
        bad="evaluation: {benchmarks: [{name: b, sweep: []}]}\npromotion: {gate: {benchmark: b, baseline: BestDecode}}",
    ),
    _case(
        "spec", "spec.promotion.gate.guards", "every guard's benchmark must be one of evaluation.benchmarks",
        good=_TWO + "promotion: {gate: {guards: [{benchmark: c, metric: pass@1}]}}",
        bad=_TWO + "promotion: {gate: {guards: [{benchmark: c, metric: pass@1}, {benchmark: d, metric: pass@1}]}}",
    ),
    _case(
        "spec", "spec.promotion.gate.metric", "the gate's metric must be one of the benchmark's k",
        good=_TWO + "promotion: {gate: {benchmark: c, metric: pass@5}}",
        bad=_TWO + "promotion: {gate: {benchmark: b, metric: pass@5}}",
    ),
    _case(
        "spec", "spec.promotion.gate.passAt5", "passAt5 needs 5 among the benchmark's k",
        good=_TWO + "promotion: {gate: {benchmark: c, passAt5: true}}",
        bad=_TWO + "promotion: {gate: {benchmark: b, passAt5: true}}",
    ),
    _case(
        "spec", "spec.promotion.gate.guards", "every guard's metric must be one of its benchmark's k",
        good=_TWO + "promotion: {gate: {guards: [{benchmark: c, metric: pass@5}]}}",
        bad=_TWO + "promotion: {gate: {guards: [{benchmark: b, metric: pass@5}]}}",
    ),
    *(
        _case(
            "spec", f"spec.{section}", f"{section} compares the arms: evaluation.arms must hold Base and Candidate",
            good=f"{section}: {{}}\nevaluation: {{arms: [Candidate, Base]}}",
            bad=f"{section}: {{}}\nevaluation: {{arms: [Candidate]}}",
        )
        for section in ("promotion", "analysis")
    ),
    _case(
        "spec.scheduling.gang", "spec.scheduling.gang.queue",
        "only the schedulers Volcano and KAI have queues: a LocalQueue of Kueue is scheduling.queue",
        good="scheduling: {gang: {scheduler: KAI, queue: a}}",
        bad="scheduling: {gang: {scheduler: Coscheduling, queue: a}}",
    ),
    _case(
        "spec.scheduling.kueue", "spec.scheduling.kueue.preferredTopology",
        "set requiredTopology or preferredTopology, not both",
        good="scheduling: {kueue: {requiredTopology: rack}}",
        bad="scheduling: {kueue: {requiredTopology: rack, preferredTopology: example.com/row}}",
    ),
    *_variables(),
    *_pods(),
    *(
        RuleCase(
            "", document("storage: {claimName: c}", name="a" * 40), document("storage: {claimName: c}", name=name),
            "metadata.name",
            "the name must be at most 40 lower-case letters, digits and dashes and begin with a letter: "
            "it becomes part of labels and other names",
        )
        for name in ("a" * 41, "1st", "a.b")
    ),
)  # fmt: skip
