"""What each stage cost: seconds, GPU seconds, tokens, and how many inference passes that is.

Seconds of a sampling stage are added up over shards, those of a training are the time of its gang: only times the GPUs
that were held, or on CPUs times the processes, are the two one measure.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from ssd_jobs import artifacts
from ssd_jobs.stages.report.document import StageResult
from ssd_jobs.stages.report.evidence import StageEvidence
from ssd_jobs.tracking.series import read_points

__all__ = ["milliseconds", "stages"]

TOKENS = ("tokens_seen", "completion_tokens", "generated_tokens", "tokens")


def stages(found: Sequence[StageEvidence]) -> list[StageResult]:
    """Return the cost of every artifact, with the sample stage as the unit: in GPU seconds where it held GPUs."""
    sampling = [each for each in found if each.artifact.kind == "sample"]
    on_gpus = any(_gpu_seconds(each) for each in sampling)
    measure = _gpu_seconds if on_gpus else _process_seconds
    sampled = sum(measure(each) for each in sampling)
    return [_stage(each, measure(each) / sampled if sampled > 0 and measure(each) > 0 else None) for each in found]


def milliseconds(text: str) -> int:
    """Return a manifest's time as MLflow counts it."""
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def _stage(each: StageEvidence, passes: float | None) -> StageResult:
    counts = _counts(each.manifests)
    return StageResult(
        name=each.artifact.stage,
        kind=each.artifact.kind,
        digest=_digest(each),
        path=each.artifact.path,
        seconds=_seconds(each),
        gpu_seconds=_gpu_seconds(each),
        tokens=int(next((counts[name] for name in TOKENS if name in counts), 0)),
        passes=passes,
        counts=counts,
        facts=dict(each.manifests[0].manifest.facts) if each.manifests else {},
        image=each.manifests[0].manifest.environment.get("image", "") if each.manifests else "",
    )


def _digest(each: StageEvidence) -> str:
    if not each.manifests:
        return ""
    return artifacts.joint_digest(list(each.manifests)) if each.artifact.sharded else each.manifests[0].digest


def _counts(shards: Iterable[artifacts.Artifact]) -> dict[str, float]:
    """Add up what the shards counted."""
    total: dict[str, float] = defaultdict(float)
    for shard in shards:
        for name, value in shard.manifest.counts.items():
            total[name] += float(value)
    return dict(total)


def _seconds(each: StageEvidence) -> float:
    return sum(_seconds_of(shard) for shard in each.manifests) + _earlier(each)


def _gpu_seconds(each: StageEvidence) -> float:
    earlier = _earlier(each)
    return sum((_seconds_of(shard) + earlier) * _gpus(shard) for shard in each.manifests)


def _process_seconds(each: StageEvidence) -> float:
    earlier = _earlier(each)
    return sum((_seconds_of(shard) + earlier) * _processes(shard) for shard in each.manifests)


def _earlier(each: StageEvidence) -> float:
    """Return the time of the steps that earlier attempts of a training did; its manifest is about the last one."""
    resumed = each.manifests[0].manifest.facts.get("resumed_from_step") if each.manifests else None
    if not isinstance(resumed, int):
        return 0.0
    points = (point for path in each.metrics for point in read_points(path))
    return sum(point.value for point in points if point.key == "train/step_s" and point.step <= resumed)


def _seconds_of(shard: artifacts.Artifact) -> float:
    """Return what a shard counted over all its starts, or else how long its last one took."""
    counted = shard.manifest.counts.get("seconds")
    if counted is not None:
        return float(counted)
    started, finished = (milliseconds(text) for text in (shard.manifest.started, shard.manifest.finished))
    return (finished - started) / 1000


def _gpus(shard: artifacts.Artifact) -> float:
    """Return how many GPUs a shard held, as its manifest tells."""
    facts = shard.manifest.facts
    for name in ("gpus", "world_size"):
        value = facts.get(name)
        if isinstance(value, int | float) and facts.get("device") != "cpu":
            return float(value)
    return 0.0


def _processes(shard: artifacts.Artifact) -> float:
    """Return how many processes worked at once: the ranks of a gang, or the one of a shard."""
    ranks = shard.manifest.facts.get("world_size")
    return float(ranks) if isinstance(ranks, int | float) else 1.0
