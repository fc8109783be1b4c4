"""The report as an entry for MLflow: what becomes a parameter, a metric, a tag, a data set, an artifact.

Metrics carry the benchmark's window and the grading mode in their names, because a pass rate without them cannot be
compared with anything. Their time is that of the newest artifact, so that writing them again writes nothing.
"""

import json
from collections.abc import Iterator, Mapping, Set
from pathlib import Path

from pydantic import JsonValue

from ssd_jobs.contract import ReportConfig
from ssd_jobs.stages.report import cost, lineage, summary
from ssd_jobs.stages.report.document import ArmResult, BenchmarkSection, Document, Number
from ssd_jobs.stages.report.evidence import Evidence, StageEvidence
from ssd_jobs.tracking import Dataset, Entry, StageEntry
from ssd_jobs.tracking.series import Point, read_points

__all__ = ["entry", "metric_prefix"]


def entry(config: ReportConfig, evidence: Evidence, document: Document, files: Path) -> Entry:
    """Return everything that MLflow is told."""
    times = [time for stage in evidence.stages for time in _times(stage)]
    newest = max((finished for _, finished in times), default=0)
    failed = config.execution.failed
    names = list(dict.fromkeys(each.artifact.stage for each in evidence.stages))
    stages = [_stage(name, config, evidence, document, newest) for name in names]
    stages += [
        StageEntry(each.name, "FAILED", None, None, tags={"ssd.message": each.message})
        for each in failed
        if each.name not in names
    ]
    return Entry(
        status="FINISHED" if all(each.optional for each in failed) else "FAILED",
        started_ms=min((started for started, _ in times), default=None),
        finished_ms=newest or None,
        params=dict(_flat(config.parameters)),
        tags=_tags(config, document),
        description=summary.render(document),
        points=list(_all_points(document, newest)),
        datasets=_datasets(evidence),
        stages=stages,
        files=files,
    )


def metric_prefix(panel: BenchmarkSection) -> str:
    """Return the part of a metric's name that says what it was measured on."""
    window = f"_{panel.window}" if panel.window else ""
    return f"{panel.benchmark.replace('-', '_')}{window}/{panel.mode.lower()}"


def _stage(name: str, config: ReportConfig, evidence: Evidence, document: Document, newest: int) -> StageEntry:
    """Return one stage, whose artifacts may be several."""
    found = [each for each in evidence.stages if each.artifact.stage == name]
    times = [time for each in found for time in _times(each)]
    costs = [each for each in document.stages if each.name == name]
    points = [point for each in found for path in each.metrics for point in read_points(path)]
    finished = max((finished for _, finished in times), default=newest)
    numbers = {
        "seconds": sum(each.seconds for each in costs),
        "gpu_seconds": sum(each.gpu_seconds for each in costs),
        "tokens": float(sum(each.tokens for each in costs)),
    }
    points += [Point(f"cost/{key}", value, 0, finished) for key, value in numbers.items()]
    points += list(_evaluation_points(_graded_by(name, config), document, finished))
    science = {
        key: value for each in found for shard in each.manifests for key, value in shard.manifest.science.items()
    }
    return StageEntry(
        name=name,
        status="FINISHED" if times else "FAILED",
        started_ms=min((started for started, _ in times), default=None),
        finished_ms=max((finished for _, finished in times), default=None),
        params=dict(_flat(science)),
        tags=_stage_tags(found),
        points=points,
        datasets=[],
    )


def _stage_tags(found: list[StageEvidence]) -> dict[str, str]:
    """Return digests, facts and versions of a stage."""
    tags: dict[str, str] = {}
    for each in found:
        for shard in each.manifests[:1]:
            tags[f"ssd.artifact.{each.artifact.path}"] = shard.manifest.key
            tags |= {f"fact.{key}": _text(value) for key, value in shard.manifest.facts.items()}
            tags |= {f"env.{key}": value for key, value in shard.manifest.environment.items()}
    return tags


def _graded_by(stage: str, config: ReportConfig) -> frozenset[tuple[str, str, str]]:
    """Return of which benchmark, arm and setting a stage gave the verdicts; mostly of none."""
    return frozenset(
        (benchmark.name, each.arm, each.setting)
        for benchmark in config.benchmarks
        for each in benchmark.evaluations
        if each.stage == stage
    )


def _evaluation_points(graded: Set[tuple[str, str, str]], document: Document, time_ms: int) -> Iterator[Point]:
    """Yield the scores of the benchmarks and arms that a stage graded, the fixed setting under the plain name."""
    for panel in document.panels:
        for arm in panel.arms:
            if (panel.benchmark, arm.arm, arm.setting) not in graded:
                continue
            middle = "" if arm.fixed else f"{arm.setting}/"
            yield from _scores(f"eval/{metric_prefix(panel)}/{middle}", arm, time_ms)


def _all_points(document: Document, time_ms: int) -> Iterator[Point]:
    """Return the numbers of the whole experiment: the candidate, the base, and their difference."""
    for panel in document.panels:
        prefix = metric_prefix(panel)
        for arm in panel.arms:
            if arm.fixed:
                yield from _scores(f"{'eval' if arm.arm == 'Candidate' else 'base'}/{prefix}/", arm, time_ms)
        for comparison in panel.comparisons:
            family = "gain_over_best_decode" if comparison.baseline == "BestDecode" else "gain"
            for k, strata in comparison.delta.items():
                for stratum, number in strata.items():
                    yield from _number(f"{family}/{prefix}/pass_at_{k}/{stratum}", number, time_ms)
            if comparison.variety is not None:
                yield from _number(f"{family}/{prefix}/variety", comparison.variety.difference, time_ms)
    for each in document.disagreements:
        name = f"disagreement/{each.benchmark.replace('-', '_')}/{each.arm.lower()}/{each.setting}"
        yield Point(name, (each.process_only + each.lcb_only) / max(1, each.samples), 0, time_ms)
    for panel in document.panels:
        yield from _choices(panel, time_ms)
    for check in document.checks:
        yield Point(f"gate/{check.name.replace('@', '_at_')}", float(check.passed), 0, time_ms)


def _choices(panel: BenchmarkSection, time_ms: int) -> Iterator[Point]:
    """Yield what was chosen: best of how many, on how many problems, its value there and on report problems."""
    if panel.select is None:
        return
    prefix, problems = metric_prefix(panel), panel.select.problems["all"]
    for best in panel.select.best:
        found = {"settings": best.settings, "problems": problems, f"select/pass_at_{best.k}": best.select}
        if best.report is not None and best.optimism is not None:
            found |= {f"report/pass_at_{best.k}": best.report.value, "optimism": best.optimism}
        for name, value in found.items():
            yield Point(f"best/{prefix}/{best.arm.lower()}/{name}", float(value), 0, time_ms)
    for k, strata in panel.select.same_setting.items():
        for stratum, number in strata.items():
            yield from _number(f"gain_at_equal_settings/{prefix}/pass_at_{k}/{stratum}", number, time_ms)


def _scores(prefix: str, arm: ArmResult, time_ms: int) -> Iterator[Point]:
    for k, strata in arm.pass_at.items():
        for stratum, number in strata.items():
            yield from _number(f"{prefix}pass_at_{k}/{stratum}", number, time_ms)
    infra = float(arm.verdicts.get("infra_error", 0))
    others = {"truncated": arm.truncated, "infra_errors": infra}
    if arm.variety is not None:
        others["variety"] = arm.variety
    others["completion_tokens"] = float(arm.completion_tokens)
    for name, value in others.items():
        yield Point(f"{prefix}{name}", value, 0, time_ms)


def _number(name: str, number: Number, time_ms: int) -> Iterator[Point]:
    yield Point(name, number.value, 0, time_ms)
    yield Point(f"{name}/low", number.low, 0, time_ms)
    yield Point(f"{name}/high", number.high, 0, time_ms)
    if number.p is not None:
        yield Point(f"{name}/p", number.p, 0, time_ms)


def _flat(values: Mapping[str, JsonValue], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", _text(value)


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _tags(config: ReportConfig, document: Document) -> dict[str, str]:
    return (
        lineage.chosen(config)
        | lineage.round_tags(document)
        | {
            "ssd.experiment": config.experiment,
            "ssd.decision": document.decision,
            "ssd.reasons": "; ".join(document.reasons),
            "ssd.report": config.key,
            "ssd.candidate": document.candidate_digest,
        }
    )


def _datasets(evidence: Evidence) -> list[Dataset]:
    """Return what was read, by our digests."""
    found = []
    for each in evidence.stages:
        if not each.manifests:
            continue
        digest = each.manifests[0].digest
        root = each.artifact.path.partition("/")[0]
        if each.artifact.kind == "prepare" and root == "problems":
            found.append(Dataset(each.manifests[0].manifest.name, digest, "prompts", each.artifact.path))
        elif each.artifact.kind == "curate":
            found.append(Dataset("records", digest, "train", each.artifact.path))
    for name, digest in evidence.inputs.items():
        found.append(Dataset(name, digest, "eval", name))
    return found


def _times(stage: StageEvidence) -> list[tuple[int, int]]:
    return [
        (cost.milliseconds(each.manifest.started), cost.milliseconds(each.manifest.finished))
        for each in stage.manifests
    ]
