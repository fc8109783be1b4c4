"""What each stage cost: seconds, GPU seconds, tokens, and how many inference passes that is."""

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
    """Return the cost of every artifact, with the sample stage as the unit."""
    sampled = sum(_seconds(each) for each in found if each.artifact.kind == "sample")
    return [_stage(each, sampled) for each in found]


def milliseconds(text: str) -> int:
    """Return a manifest's time as MLflow counts it."""
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def _stage(each: StageEvidence, sampled: float) -> StageResult:
    seconds, earlier = _seconds(each), _earlier(each)
    counts = _counts(each.manifests)
    return StageResult(
        name=each.artifact.stage,
        kind=each.artifact.kind,
        digest=_digest(each),
        path=each.artifact.path,
        seconds=seconds,
        gpu_seconds=sum((_seconds_of(shard) + earlier) * _gpus(shard) for shard in each.manifests),
        tokens=int(next((counts[name] for name in TOKENS if name in counts), 0)),
        passes=seconds / sampled if sampled > 0 else None,
        counts=counts,
        facts=dict(each.manifests[0].manifest.facts) if each.manifests else {},
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
