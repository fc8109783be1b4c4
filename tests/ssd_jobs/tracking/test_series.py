"""Laws of replay: what the server has is never sent again, and nothing is lost."""

import json
from pathlib import Path

import pytest

from ssd_jobs import contract, tracking
from ssd_jobs.errors import BadInput
from ssd_jobs.tracking import runs
from ssd_jobs.tracking.series import Point, read_points


def write(path: Path, points: list[Point]) -> Path:
    """Write a stage's metrics."""
    rows = [json.dumps({"step": p.step, "key": p.key, "value": p.value, "time_ms": p.time_ms}) for p in points]
    path.write_text("".join(f"{row}\n" for row in rows))
    return path


def history(wanted: contract.Tracking, key: str) -> list[tuple[int, float, int]]:
    """Return what the server has of one metric of train."""
    client = tracking.connect(wanted.uri)
    experiment = runs.experiment(client, wanted)
    parent = runs.parent_run(client, wanted, experiment)
    run = runs.child_run(client, wanted, experiment, parent, "train")
    return sorted((each.step, each.value, each.timestamp) for each in client.get_metric_history(run, key))


def test_a_resume_doubles_no_point(mlflow_tracking: contract.Tracking, tmp_path: Path) -> None:
    """Replaying a growing file sends each point once, with its own step and time, NaN and 2,100 points included."""
    points = [Point("loss", float("nan") if step == 3 else 1 / step, step, 1000 + step) for step in range(1, 1051)]
    points += [Point("lr", 0.5, step, 1000 + step) for step in range(1, 1051)]
    few = write(tmp_path / "few", points[:100])
    assert tracking.replay(mlflow_tracking, "train", few) == 100
    assert tracking.replay(mlflow_tracking, "train", few) == 0
    every = write(tmp_path / "every", points)
    assert tracking.replay(mlflow_tracking, "train", every) == 2000
    assert tracking.replay(mlflow_tracking, "train", every) == 0
    found = history(mlflow_tracking, "loss")
    assert [(step, time) for step, _, time in found] == [(step, 1000 + step) for step in range(1, 1051)]
    assert len(history(mlflow_tracking, "lr")) == 1050


def test_a_line_that_a_kill_cut_is_left_out(tmp_path: Path) -> None:
    """The last line may be half a line; the points before it count."""
    path = write(tmp_path / "m", [Point("loss", 1.0, 1, 1)])
    path.write_text(path.read_text() + '{"step": 2, "ke')
    assert read_points(path) == [Point("loss", 1.0, 1, 1)]
    assert read_points(tmp_path / "missing") == []


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    """A broken line before the end is an error with file and line."""
    path = tmp_path / "m"
    path.write_text('{"step": 1, "key": "a", "value": 1, "time_ms": 1}\n{"step": 2\n\n')
    with pytest.raises(BadInput, match=rf"^{path}:2: is no metric"):
        read_points(path)
