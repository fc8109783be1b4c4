"""From what was written to the complete description: user over preset over library, in this one place.

The library's defaults stand at the fields themselves; those that depend on other fields are below. The rules
across fields run again on the result, since a pair may come half from the user and half from the preset.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ssd_operator.errors import InvalidSpec, Problem
from ssd_operator.spec import fields, presets, rules
from ssd_operator.spec.merge import overlay
from ssd_operator.spec.normal import normal
from ssd_operator.spec.origin import with_origin
from ssd_operator.spec.pod import Pod
from ssd_operator.spec.pod_overlay import laid_under, shared_with_programs
from ssd_operator.spec.pod_rules import unmounted
from ssd_operator.spec.resolved import ResolvedSpec
from ssd_operator.spec.written import written

__all__ = ["laid_out", "resolve"]

_PODS = (
    ("prompts", "pod"),
    ("sampling", "pod"),
    ("curation", "pod"),
    ("training", "pod"),
    ("evaluation", "pod"),
    ("evaluation", "gradePod"),
    ("analysis", "pod"),
    ("tracking", "pod"),
)

_SWITCHES = frozenset({"analysis", "promotion"})
"""Sections whose absence says that something is not done."""


def resolve(spec: Mapping[str, Any], *, name: str, frozen: presets.Preset | None = None) -> ResolvedSpec:
    """Complete the written `spec` of the resource `name`, or raise InvalidSpec with the path to every wrong field.

    `frozen` is what the preset said when it was named, if that must count; else it is what this release says.
    """
    asked = normal(spec, ResolvedSpec)
    written(ResolvedSpec).read(asked, path="spec")
    preset = _preset(asked, frozen)
    complete = _completed(asked, preset)
    if preset is not None:
        complete["presetDigest"] = preset.digest
    _name_after_resource(complete, name)
    _complete_gate(complete)
    if "guards" not in asked.get("promotion", {}).get("gate", {}):
        _keep_possible_guards(complete)
    _share_pod(complete)
    try:
        return _judged(complete, name)
    except InvalidSpec as error:
        known = preset.name if preset else ""
        found = (with_origin(problem, asked=asked, merged=complete, preset=known) for problem in error.problems)
        raise InvalidSpec(found) from None


def laid_out(spec: Mapping[str, Any], *, frozen: presets.Preset | None = None) -> dict[str, Any]:
    """Return a written spec that says itself what its preset says, so that no other release can change it."""
    asked = normal(spec, ResolvedSpec)
    return {key: value for key, value in _completed(asked, _preset(asked, frozen)).items() if key != "preset"}


def _preset(asked: Mapping[str, Any], frozen: presets.Preset | None) -> presets.Preset | None:
    name = asked.get("preset")
    if not name:
        return None
    return frozen if frozen is not None and frozen.name == name else presets.load(name)


def _completed(asked: Mapping[str, Any], preset: presets.Preset | None) -> dict[str, Any]:
    """Return what was written with the preset below it."""
    complete = overlay(_offered(preset, asked), asked, ResolvedSpec)
    if preset is not None:
        _inherit_decode(complete, preset.spec)
    return complete


def _offered(preset: presets.Preset | None, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the preset says. A section that switches something on holds only where the user writes it."""
    said = preset.spec if preset else {}
    return {key: value for key, value in said.items() if key in asked or key not in _SWITCHES}


def _keep_possible_guards(complete: dict[str, Any]) -> None:
    """Leave out a preset's guards on benchmarks that the user took out, or lets decide."""
    gate = complete.get("promotion", {}).get("gate", {})
    if "guards" in gate:
        measured = {each.get("name") for each in complete["evaluation"]["benchmarks"]} - {gate.get("benchmark")}
        gate["guards"] = [guard for guard in gate["guards"] if guard["benchmark"] in measured]


def _judged(complete: Mapping[str, Any], name: str) -> ResolvedSpec:
    resolved = ResolvedSpec.read(complete, path="spec")
    problems = list(rules.judge({"metadata": {"name": name}, "spec": resolved.document()}, rules.RULES))
    problems += [*_engine_arguments(resolved), *_mounts(resolved)]
    if problems:
        raise InvalidSpec(problems)
    return resolved


def _inherit_decode(complete: dict[str, Any], preset: Mapping[str, Any]) -> None:
    """Decode a benchmark that the preset does not have as the preset decodes this model."""
    known = preset["evaluation"]["benchmarks"][0]
    for benchmark in complete["evaluation"]["benchmarks"]:
        for field in ("decode", "maxSequenceTokens"):
            benchmark.setdefault(field, known[field])


def _name_after_resource(complete: dict[str, Any], name: str) -> None:
    tracking = complete.setdefault("tracking", {})
    tracking["experiment"] = tracking.get("experiment") or name
    if "promotion" in complete:
        complete["promotion"].setdefault("registeredModel", name)


def _complete_gate(complete: dict[str, Any]) -> None:
    """Fill in what the gate takes from the benchmark it is about."""
    benchmarks = complete.get("evaluation", {}).get("benchmarks", [])
    if "promotion" not in complete or not benchmarks:
        return
    gate = complete["promotion"].setdefault("gate", {})
    gate.setdefault("benchmark", benchmarks[0].get("name"))
    judged: dict[str, Any] = next((each for each in benchmarks if each.get("name") == gate["benchmark"]), {})
    gate.setdefault("baseline", "BestDecode" if judged.get("sweep") else "Fixed")
    gate.setdefault("passAt5", 5 in judged.get("k", []))
    if judged.get("sweep") and "metric" in gate:
        judged.setdefault("selectMetric", gate["metric"])


def _engine_arguments(resolved: ResolvedSpec) -> Iterator[Problem]:
    """Yield engine arguments that are no single value, or that say what gpusPerShard already says."""
    for name, value in resolved.sampling.engine_args.items():
        if not isinstance(value, bool | int | float | str):
            shown = json.dumps(value)[:80]
            yield Problem(
                f"spec.sampling.engineArgs.{name}", f"must be a number, a text, true or false, but is {shown}"
            )
    for name in ("tensor_parallel_size", "tensorParallelSize"):
        if name in resolved.sampling.engine_args:
            yield Problem(
                f"spec.sampling.engineArgs.{name}",
                "must not be set: gpusPerShard says over how many GPUs the engine splits the model",
            )


def _mounts(resolved: ResolvedSpec) -> Iterator[Problem]:
    """Yield what is wrong with the volumes of the common pod or, when that one is right, of the stages' own."""
    claim = resolved.storage.claim_name or ""
    common = list(unmounted(resolved.pod, "spec.pod", claim=claim))
    yield from common
    for path in [] if common else [".".join(pod) for pod in _PODS]:
        pod = fields.at(resolved, path)
        if isinstance(pod, Pod):
            yield from unmounted(pod, f"spec.{path}", claim=claim)


def _share_pod(complete: dict[str, Any]) -> None:
    """Lay each stage's pod over the common one, whose environment programs under test must never see."""
    common = complete.get("pod", {})
    for section, field in _PODS:
        if section == "analysis" and section not in complete:
            continue
        stage = complete.setdefault(section, {})
        stage[field] = laid_under(shared_with_programs(common) if field == "gradePod" else common, stage.get(field, {}))
