"""Changes of a resource, and which of them are refused once work has begun."""

from dataclasses import dataclass
from typing import Any

__all__ = ["TRANSITION_CASES", "TransitionCase"]

_BEGUN = ("Succeeded", "Running")
_SPEC: dict[str, Any] = {
    "preset": "toy",
    "storage": {"claimName": "experiments"},
    "model": {"source": {"path": "models/base"}, "chatTemplateArgs": {"thinking": {"on": True}}},
    "sampling": {"topK": 20, "shards": 4},
    "evaluation": {"benchmarks": [{"name": "b", "k": [1]}]},
    "training": {"steps": 100},
}


@dataclass(frozen=True)
class TransitionCase:
    """A change of the spec; `wrong` is the path that is refused, None when it is allowed."""

    id: str
    old: dict[str, Any]
    new: dict[str, Any]
    phases: tuple[str, ...] = _BEGUN
    wrong: str | None = None


def _changed(changes: dict[str, Any], spec: dict[str, Any]) -> dict[str, Any]:
    result = dict(spec)
    for path, value in changes.items():
        head, _, rest = path.partition(".")
        if rest:
            result[head] = _changed({rest: value}, result.get(head, {}))
        elif value is None:
            result.pop(head, None)
        else:
            result[head] = value
    return result


def _allowed(name: str, changes: dict[str, Any], **more: Any) -> TransitionCase:
    before = _changed(more.pop("before", {}), _SPEC)
    return TransitionCase(f"allowed-{name}", before, _changed(changes, before), **more)


def _refused(name: str, wrong: str, changes: dict[str, Any], **more: Any) -> TransitionCase:
    before = _changed(more.pop("before", {}), _SPEC)
    return TransitionCase(f"refused-{name}", before, _changed(changes, before), wrong=wrong, **more)


_POD = {"resources": {"limits": {"memory": "64Gi"}}}

TRANSITION_CASES: tuple[TransitionCase, ...] = (
    _allowed("nothing", {}),
    _allowed("science-before-anything", {"preset": None, "sampling.topK": 5, "storage.claimName": "other"}, phases=()),
    _allowed("science-while-only-planned", {"sampling.topK": 5, "mode": "Run"}, phases=("Planned", "Planned")),
    _allowed("more-memory", {"pod": _POD, "sampling.pod": _POD, "training.pod": _POD, "prompts.pod": _POD}),
    _allowed("pods-of-absent-sections", {"curation.pod": _POD, "tracking.pod": _POD}),
    _allowed("evaluation-pods", {"evaluation.pod": _POD, "evaluation.gradePod": _POD}),
    _allowed("gpus", {"sampling.gpusPerShard": 2, "evaluation.gpusPerShard": 2, "training.gpusPerNode": 4}),
    _allowed("shards", {"sampling.shards": 5, "evaluation.shards": 5, "evaluation.gradeShards": 5}),
    _allowed("nodes", {"training.nodes": 4, "training.maxAttempts": 9, "training.checkpoint": {"every": "5m"}}),
    _allowed("deadline", {"deadline": "99h", "ttlAfterFinished": "1h"}),
    _allowed("suspend", {"suspend": True}),
    _allowed("rerun", {"rerun": {"from": "Train", "nonce": "2"}}),
    _allowed("promotion", {"promotion": {"gate": {"minGain": 0.1}}}),
    _allowed("run-after-plan", {"mode": "Run"}, before={"mode": "Plan"}),
    _allowed("queue-while-suspended", {"scheduling": {"queue": "b"}}, before={"suspend": True}),
    _allowed("queue-and-resume", {"scheduling": {"queue": "b"}, "suspend": False}, before={"suspend": True}),
    _allowed("priority", {"scheduling": {"priorityClassName": "high"}}),
    _allowed("lost-problems", {"sampling.maxErrorFraction": 0.2, "evaluation.maxErrorFraction": 0.2}),
    _allowed("weak-isolation", {"evaluation.allowWeakIsolation": True}),
    _allowed("retain", {"storage.retain": False}),
    _allowed("empty-section", {"curation": {}}),
    _allowed("analysis-pod", {"analysis.pod": _POD}, before={"analysis": {"problems": 5}}),
    _refused("preset", "spec.preset", {"preset": "gpt-oss-20b"}),
    _refused("no-preset", "spec.preset", {"preset": None}),
    _refused("model", "spec.model", {"model.source": {"path": "models/other"}}),
    _refused("model-deep-in-free-form", "spec.model", {"model.chatTemplateArgs": {"thinking": {"on": False}}}),
    _refused("prompts", "spec.prompts", {"prompts": {"limit": 5}}),
    _refused("top-k", "spec.sampling", {"sampling.topK": 5}),
    _refused("top-k-removed", "spec.sampling", {"sampling.topK": None}),
    _refused("section-removed", "spec.sampling", {"sampling": None}),
    _refused("science-beside-execution", "spec.sampling", {"sampling.pod": _POD, "sampling.temperature": 1.5}),
    _refused("engine-arguments", "spec.sampling", {"sampling.engineArgs": {"dtype": "float32"}}),
    _refused("filter", "spec.curation", {"curation": {"filter": "Syntax"}}),
    _refused("steps", "spec.training", {"training.steps": 200}),
    _refused("steps-while-one-stage-is-pending", "spec.training", {"training.steps": 200}, phases=("Pending",)),
    _refused("steps-after-the-end", "spec.training", {"training.steps": 200}, phases=("Succeeded", "Failed")),
    _refused("benchmark", "spec.evaluation", {"evaluation.benchmarks": [{"name": "b", "k": [1, 5]}]}),
    _refused(
        "another-benchmark", "spec.evaluation", {"evaluation.benchmarks": [{"name": "b", "k": [1]}, {"name": "c"}]}
    ),
    _refused("round-changed", "spec.round", {"round.number": 3}, before={"round": {"number": 2}}),
    _refused("analysis-added", "spec.analysis", {"analysis": {}}),
    _refused("analysis-removed", "spec.analysis", {"analysis": None}, before={"analysis": {}}),
    _refused("analysis-changed", "spec.analysis", {"analysis.problems": 6}, before={"analysis": {"problems": 5}}),
    _refused("claim", "spec.storage", {"storage.claimName": "other"}),
    _refused("plan-after-run", "spec.mode", {"mode": "Plan"}),
    _refused("queue-while-running", "spec.scheduling.queue", {"scheduling": {"queue": "b"}}),
    _refused("queue-and-suspend-at-once", "spec.scheduling.queue", {"scheduling": {"queue": "b"}, "suspend": True}),
)
