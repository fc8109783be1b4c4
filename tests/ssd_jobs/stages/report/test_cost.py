"""What a stage cost: all its starts, every GPU, and nothing twice."""

import json
from pathlib import Path
from typing import Any

import pytest

from ssd_jobs import artifacts, contract
from ssd_jobs.contract import files
from ssd_jobs.stages.report import cost
from ssd_jobs.stages.report.evidence import StageEvidence

KEY = "a" * 64


def evidence(root: Path, kind: str, *shards: tuple[dict[str, Any], dict[str, Any]], metrics: str = "") -> StageEvidence:
    """An artifact whose shards have these counts and facts."""
    found = []
    for number, (counts, facts) in enumerate(shards):
        path = files.shard(root / kind, number, len(shards))
        with artifacts.Output(path=path, stage=kind, name=kind, key=KEY, shard=number).claim() as draft:
            if metrics:
                draft.write_text(files.METRICS, metrics)
            draft.finish(artifacts.Provenance(science={}, inputs={}, counts=counts, facts=facts, image=""))
        found.append(artifacts.open_artifact(path))
    artifact = contract.StageArtifact(stage=kind, kind=kind, path=f"samples/{kind}", sharded=True)
    return StageEvidence(artifact, tuple(found))


def test_gpu_seconds_are_counted_over_all_starts(tmp_path: Path) -> None:
    """A sampling shard says itself how long it worked and on how many GPUs; shards add up."""
    sampled = evidence(tmp_path, "sample", ({"seconds": 100.0}, {"gpus": 2}), ({"seconds": 50.0}, {"gpus": 2}))
    generated = evidence(tmp_path, "generate", ({"seconds": 30.0}, {"gpus": 1}))
    first, second = cost.stages([sampled, generated])
    assert (first.seconds, first.gpu_seconds, first.passes) == (150.0, 300.0, 1.0)
    assert (second.seconds, second.gpu_seconds, second.passes) == (30.0, 30.0, 0.1)


def test_training_and_sampling_are_counted_in_one_measure(tmp_path: Path) -> None:
    """A gang of eight GPUs for a second costs what eight shards of one GPU cost in a second each; so do eight ranks."""
    training = ({"seconds": 10.0}, {"world_size": 8, "device": "NVIDIA H100"})
    shards = [({"seconds": 10.0}, {"gpus": 1})] * 8
    found = [evidence(tmp_path, "sample", *shards), evidence(tmp_path, "train", training)]
    grading = evidence(tmp_path, "grade", ({"seconds": 10.0}, {}))
    assert [each.passes for each in cost.stages([*found, grading])] == [1.0, 1.0, None]
    training = ({"seconds": 10.0}, {"world_size": 8, "device": "cpu"})
    shards = [({"seconds": 10.0}, {"gpus": 0})] * 8
    found = [evidence(tmp_path / "cpu", "sample", *shards), evidence(tmp_path / "cpu", "train", training)]
    assert [each.passes for each in cost.stages(found)] == [1.0, 1.0]


def test_a_cpu_is_no_gpu(tmp_path: Path) -> None:
    """A gang on the CPU has ranks, and no GPU."""
    (found,) = cost.stages([evidence(tmp_path, "train", ({}, {"world_size": 4, "device": "cpu"}))])
    assert found.gpu_seconds == 0


def test_a_resumed_training_costs_its_earlier_steps_too(tmp_path: Path) -> None:
    """The manifest of a training is about its last attempt; what was done before is taken from its metrics."""
    rows = [{"step": step, "key": "train/step_s", "value": 10.0, "time_ms": step} for step in range(1, 9)]
    metrics = "".join(f"{json.dumps(row)}\n" for row in rows)
    facts = {"world_size": 4, "device": "NVIDIA H100", "resumed_from_step": 6}
    trained = evidence(tmp_path, "train", ({}, facts), metrics=metrics)
    last = trained.manifests[0].manifest
    (found,) = cost.stages([trained])
    assert found.seconds == 60 + (cost.milliseconds(last.finished) - cost.milliseconds(last.started)) / 1000
    assert found.gpu_seconds == pytest.approx(4 * found.seconds)
