"""Where a registered version comes from, as tags; and the files that let somebody check it."""

import hashlib
import json
from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from ssd_jobs.contract import ReportConfig
from ssd_jobs.stages.report.document import BenchmarkSection, Document, Number, Sample
from ssd_jobs.stages.report.evidence import Evidence

__all__ = ["chosen", "generation_table", "manifests", "round_tags", "tags"]

RESOLVED = ("commit", "version")


def tags(config: ReportConfig, document: Document) -> dict[str, str]:
    """Return the lineage of the candidate; MLflow shows it beside the version."""
    spec = config.spec
    found = {
        "ssd.experiment": config.experiment,
        "ssd.decision": document.decision,
        "ssd.reasons": "; ".join(document.reasons)[:5000],
        "ssd.report": config.key,
        "ssd.base_model": json.dumps(_at(spec, "model", "source"), sort_keys=True),
        "ssd.base_artifact": config.model,
        "ssd.prompts": json.dumps(_at(spec, "prompts", "source"), sort_keys=True),
        "ssd.sampler_sha256": _hash(_at(spec, "sampling")),
        "ssd.training_sha256": _hash(_at(spec, "training")),
        "ssd.image": config.execution.image,
        "ssd.grader_image": ", ".join(sorted({stage.image for stage in document.stages if stage.kind == "grade"})),
    }
    for stage in document.stages:
        if stage.digest and stage.kind in ("sample", "curate", "train"):
            found[f"ssd.{stage.kind}_digest"] = stage.digest
    found |= _base(config, document) | _verdicts(config, document) | chosen(config) | round_tags(document)
    for panel in document.panels:
        found |= _scores(panel)
    return {key: value for key, value in found.items() if value}


def chosen(config: ReportConfig) -> dict[str, str]:
    """Return of how many runs of a sweep the candidate is the best, if it was chosen so."""
    among = config.science.chosen_among
    return {} if among is None else {"ssd.chosen_among": str(among)}


def round_tags(document: Document) -> dict[str, str]:
    """Return where the candidate stands in a chain of rounds: its number, and the digests that it comes from."""
    found = document.round
    if found is None:
        return {}
    return {"ssd.round": str(found.number), "ssd.parent": found.parent, "ssd.root": found.root}


def _base(config: ReportConfig, document: Document) -> dict[str, str]:
    """Return what the base model's source turned out to be: a commit or a registered version, and its digest."""
    model = next((stage for stage in document.stages if stage.path == config.model), None)
    if model is None:
        return {}
    known = {f"ssd.base_{name}": str(model.facts[name]) for name in RESOLVED if name in model.facts}
    return {"ssd.base_digest": model.digest, **known}


def _verdicts(config: ReportConfig, document: Document) -> dict[str, str]:
    """Return the digest of every set of verdicts that there is."""
    digests = {stage.path: stage.digest for stage in document.stages}
    return {
        f"ssd.verdicts.{benchmark.name}/{each.arm}/{each.setting}/{each.mode}".lower(): digests.get(each.verdicts, "")
        for benchmark in config.benchmarks
        for each in benchmark.evaluations
    }


def _scores(panel: BenchmarkSection) -> dict[str, str]:
    """Return what the candidate reached on one benchmark under one grading mode, and what it gained."""
    name = f"{panel.benchmark}/{panel.mode.lower()}"
    found = {f"ssd.window.{name}": panel.window}
    for arm in panel.arms:
        if arm.arm == "Candidate" and arm.fixed:
            found |= {f"ssd.pass_at_{k}.{name}": _interval(row["all"]) for k, row in arm.pass_at.items()}
    for comparison in panel.comparisons:
        found |= {
            f"ssd.gain_{comparison.baseline}.pass_at_{k}.{name}": _interval(row["all"])
            for k, row in comparison.delta.items()
        }
    return found


def manifests(evidence: Evidence) -> dict[str, str]:
    """Return every manifest that was read, by a name for a file."""
    found = {}
    for stage in evidence.stages:
        for shard in stage.manifests:
            name = stage.artifact.path.replace("/", "-") + (
                "" if shard.manifest.shard is None else f"-{shard.path.name}"
            )
            found[f"{stage.artifact.stage}-{name}"] = shard.manifest.model_dump_json(indent=1) + "\n"
    return found


def generation_table(samples: Sequence[Sample]) -> str:
    """Return the generations as the table that MLflow's artifact view opens."""
    columns = list(Sample.model_fields)
    rows = [[getattr(each, column) for column in columns] for each in samples]
    return json.dumps({"columns": columns, "data": rows}, indent=1) + "\n"


def _at(spec: Mapping[str, JsonValue], *path: str) -> JsonValue:
    """Return a part of the spec, or nothing."""
    found: JsonValue = dict(spec)
    for name in path:
        found = found.get(name, {}) if isinstance(found, dict) else {}
    return found


def _hash(value: JsonValue) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _interval(number: Number) -> str:
    return f"{number.value:.4f} [{number.low:.4f}, {number.high:.4f}]"
