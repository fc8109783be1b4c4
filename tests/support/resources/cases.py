"""Resources that both judges see, the API server and the models: what is wrong with each, if anything.

A case is YAML, so that what a text means is part of the judgement. `wrong` is the path both must name.
"""

import textwrap
from dataclasses import dataclass

__all__ = ["CASES", "Case", "document"]

CLAIM = "storage: {claimName: experiments}"


def document(spec: str, *, name: str = "demo") -> str:
    """Return a resource with this spec."""
    head = f"apiVersion: selfdistill.dev/v1alpha1\nkind: SelfDistillation\nmetadata: {{name: {name}}}\nspec:\n"
    return head + textwrap.indent(textwrap.dedent(spec).strip() + "\n", "  ")


@dataclass(frozen=True)
class Case:
    """One resource and the path that is wrong in it; None when nothing is."""

    id: str
    text: str
    wrong: str | None = None
    unreadable: bool = False
    """kubectl itself refuses it, the API server never sees it."""


def _good(name: str, spec: str) -> Case:
    return Case(f"good-{name}", document(f"{CLAIM}\n{spec}"))


def _bad(name: str, wrong: str, spec: str) -> Case:
    return Case(f"bad-{name}", document(f"{CLAIM}\n{spec}"), wrong)


def _benchmark(fields: str) -> str:
    return f"evaluation: {{benchmarks: [{{name: b, {fields}}}]}}"


CASES = (
    _good("shortest", "preset: toy"),
    _good("nothing-but-storage", ""),
    _good("unknown-preset-is-found-later", "preset: no-such"),
    _good("greedy", "sampling: {temperature: 0}"),
    _good("whole-number-for-a-fraction", "sampling: {temperature: 1, topP: 1}"),
    _good("fraction-that-is-whole", "sampling: {topK: 20.0}"),
    _good("exponent-for-a-whole-number", "training: {steps: 1e3}"),
    _good("exponent-without-point", "training: {learningRate: 5e-6, minLearningRate: 1e-6}"),
    _good("octal", "sampling: {topK: 017}"),
    _good("hexadecimal", "sampling: {topK: 0x14}"),
    _good("underscores", "sampling: {maxSequenceTokens: 131_072}"),
    _good("on-is-true", "suspend: on"),
    _good("y-is-true", "suspend: y"),
    _good("null-is-absent", "sampling: {topK: null, temperature: ~}"),
    _good("null-section", "sampling:\ntraining:"),
    _good("null-in-a-map", "pod: {nodeSelector: {a: null}}"),
    _good("same-key-twice-the-last-wins", "mode: Nonsense\nmode: Plan"),
    _good("merge-key", "sampling: &s {topK: 5}\nevaluation: {shards: 2, pod: {labels: {<<: {a: b}}}}"),
    _good("free-form", "model: {chatTemplateArgs: {enable_thinking: true, nested: {any: [1, a, null]}, empty: null}}"),
    _good("quantities", "pod: {resources: {requests: {cpu: 4, memory: 64Gi}, limits: {cpu: 500m, memory: 1.5Gi}}}"),
    _good("quantity-that-is-whole", "pod: {resources: {requests: {cpu: 1.0}}}"),
    _good("duration", "deadline: 1h30m\nttlAfterFinished: ''"),
    _good("analysis-on", "analysis: {}"),
    _good("empty-objects", "model: {}\nprompts: {}\nsampling: {}\ntraining: {}\nevaluation: {}\npromotion: {}"),
    _good("revision-only", "preset: toy\nmodel: {source: {huggingFace: {revision: abc}}}"),
    _good("registry", "model: {source: {registry: 'models:/qwen3@champion'}}"),
    _good("registry-version", "model: {source: {registry: 'models:/qwen3/7'}}"),
    _good("longest-benchmark-name", f"evaluation: {{benchmarks: [{{name: {'b' * 24}}}]}}"),
    _good("unquoted-day", _benchmark("source: {livecodebench: {from: 2025-02-01, to: 2025-05-31}}")),
    _good("tolerations", "pod: {tolerations: [{operator: Exists}, {key: gpu, effect: NoSchedule, tolerationSeconds: 5}]}"),
    _good("secret-in-the-environment", "pod: {env: [{name: T, valueFrom: {secretKeyRef: {name: s, key: k}}}]}"),
    _good("no-filter", "curation: {filter: None}"),
    _good("unicode", "sampling: {pod: {annotations: {note: 'größer als Λ'}}}"),
    _good("most-shards", "sampling: {shards: 1000}\ntraining: {nodes: 1000}"),
    _bad("text-for-number", "spec.sampling.topK", "sampling: {topK: '20'}"),
    _bad("fraction-for-whole", "spec.sampling.topK", "sampling: {topK: 20.5}"),
    _bad("true-for-number", "spec.sampling.topK", "sampling: {topK: true}"),
    _bad("text-for-fraction", "spec.sampling.temperature", "sampling: {temperature: '1'}"),
    _bad("base-sixty", "spec.sampling.topK", "sampling: {topK: 1:30}"),
    _bad("too-large-for-a-number", "spec.sampling.temperature", "sampling: {temperature: 1e999}"),
    _bad("number-for-text", "spec.preset", "preset: 1"),
    _bad("true-for-text", "spec.curation.filter", "curation: {filter: off}"),
    _bad("number-for-duration", "spec.deadline", "deadline: 72"),
    _bad("text-for-bool", "spec.suspend", "suspend: 'true'"),
    _bad("list-for-object", "spec.sampling", "sampling: []"),
    _bad("object-for-list", "spec.evaluation.arms", "evaluation: {arms: {}}"),
    _bad("null-in-a-list", "spec.evaluation.arms[0]", "evaluation: {arms: [null]}"),
    _bad("unknown-section", "spec.sampels", "sampels: {}"),
    _bad("unknown-field", "spec.sampling.topk", "sampling: {topk: 5}"),
    _bad("snake-case", "spec.sampling.top_k", "sampling: {top_k: 5}"),
    _bad("unknown-in-a-list", "spec.evaluation.benchmarks[0].ks", _benchmark("ks: [1]")),
    _bad("resolved-field-written", "spec.presetDigest", "presetDigest: sha256:0"),
    _bad("negative-temperature", "spec.sampling.temperature", "sampling: {temperature: -0.1}"),
    _bad("zero-top-p", "spec.sampling.topP", "sampling: {topP: 0}"),
    _bad("top-p-above-one", "spec.sampling.topP", "sampling: {topP: 1.01}"),
    _bad("negative-top-k", "spec.sampling.topK", "sampling: {topK: -1}"),
    _bad("no-shards", "spec.sampling.shards", "sampling: {shards: 0}"),
    _bad("too-many-shards", "spec.sampling.shards", "sampling: {shards: 1001}"),
    _bad("too-many-nodes", "spec.training.nodes", "training: {nodes: 1001}"),
    _bad("no-nodes", "spec.training.nodes", "training: {nodes: 0}"),
    _bad("too-many-grade-shards", "spec.evaluation.gradeShards", "evaluation: {gradeShards: 1001}"),
    _bad("beta-of-one", "spec.training.betas[1]", "training: {betas: [0.9, 1]}"),
    _bad("one-beta", "spec.training.betas", "training: {betas: [0.9]}"),
    _bad("unknown-mode", "spec.mode", "mode: run"),
    _bad("unknown-engine", "spec.sampling.engine", "sampling: {engine: vLLM}"),
    _bad("duration-without-unit", "spec.deadline", "deadline: '72'"),
    _bad("duration-of-nothing", "spec.deadline", "deadline: 0h"),
    _bad("line-break-after-a-duration", "spec.deadline", 'deadline: "72h\\n"'),
    _bad("path-outside", "spec.model.source.path", "model: {source: {path: ../secrets}}"),
    _bad("absolute-path", "spec.model.source.path", "model: {source: {path: /etc}}"),
    _bad("registry-escape", "spec.model.source.registry", 'model: {source: {registry: "models:/a\\e[2J/1"}}'),
    _bad("registered-escape", "spec.promotion.registeredModel", 'promotion: {registeredModel: "a\\e[31m"}'),
    _bad("registered-bidi", "spec.promotion.registeredModel", 'promotion: {registeredModel: "a\\u202Eb"}'),
    _bad("tracking-newline", "spec.tracking.uri", 'tracking: {uri: "http://m\\n:5000"}'),
    _bad("registry-without-version", "spec.model.source.registry", "model: {source: {registry: 'models:/qwen3'}}"),
    _bad("quantity", "spec.pod.resources.limits.memory", "pod: {resources: {limits: {memory: 64 GB}}}"),
    _bad("quantity-that-fills-the-memory", "spec.evaluation.gradePod.resources.limits.cpu",
         "evaluation: {gradePod: {resources: {limits: {cpu: '1e9999999'}}}}"),
    _bad("a-single-token", "spec.training.sequenceLength", "training: {sequenceLength: 1}"),
    _bad("everything-is-shortest", "spec.curation.shortestPercent", "curation: {shortestPercent: 100}"),
    _bad("confidence-of-a-coin", "spec.promotion.gate.confidence", "promotion: {gate: {confidence: 0.5}}"),
    _bad("unknown-and-null", "spec.sampels", "sampels: null"),
    _bad("quantity-with-point", "spec.pod.resources.limits.cpu", "pod: {resources: {limits: {cpu: 0.5}}}"),
    _bad("not-a-day", "spec.evaluation.benchmarks[0].source.livecodebench.from",
         _benchmark("source: {livecodebench: {from: 2025-13-01}}")),
    _bad("nameless-benchmark", "spec.evaluation.benchmarks[0].name", "evaluation: {benchmarks: [{k: [1]}]}"),
    _bad("no-benchmarks", "spec.evaluation.benchmarks", "evaluation: {benchmarks: []}"),
    _bad("same-benchmark-twice", "spec.evaluation.benchmarks[1]",
         "evaluation: {benchmarks: [{name: b}, {name: b, k: [1]}]}"),
    _bad("same-arm-twice", "spec.evaluation.arms[1]", "evaluation: {arms: [Base, Base]}"),
    _bad("same-variable-twice", "spec.pod.env[1]", "pod: {env: [{name: A}, {name: A, value: b}]}"),
    _bad("uri-with-password", "spec.tracking.uri", "tracking: {uri: 'https://me:secret@mlflow'}"),
    _bad("secret-without-key", "spec.pod.env[0].valueFrom.secretKeyRef.key",
         "pod: {env: [{name: T, valueFrom: {secretKeyRef: {name: s}}}]}"),
    _bad("empty-alias", "spec.promotion.alias", "promotion: {alias: ''}"),
    _bad("long-benchmark-name", "spec.evaluation.benchmarks[0].name", f"evaluation: {{benchmarks: [{{name: {'b' * 25}}}]}}"),
    _bad("upper-case-benchmark", "spec.evaluation.benchmarks[0].name", "evaluation: {benchmarks: [{name: LCB}]}"),
    Case("bad-no-storage", document("preset: toy"), "spec.storage"),
    Case("bad-null-storage", document("preset: toy\nstorage: null"), "spec.storage"),
    Case("bad-negative-quantity", document("storage: {template: {size: -1}}"), "spec.storage.template.size"),
    Case("bad-no-spec", document("preset: toy").split("spec:")[0], "spec"),
    Case("bad-unknown-beside-spec", document(CLAIM) + "specs: {}\n", "specs"),
    Case("bad-unknown-and-null-beside-spec", document(CLAIM) + "specs: null\n", "specs"),
    Case("bad-unknown-in-metadata", document(CLAIM).replace("name: demo", "name: demo, label: {}"), "metadata.label"),
    Case("bad-number-as-label", document(CLAIM).replace("name: demo", "name: demo, labels: {a: 1}"), "metadata.labels", True),
)  # fmt: skip
