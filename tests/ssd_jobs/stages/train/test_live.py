"""MLflow sees training while it runs, and after a resume every step exactly once."""

import json
import threading
from pathlib import Path

import pytest

from configs.train import train_config
from ssd_jobs import contract, tracking
from ssd_jobs.context import Context
from ssd_jobs.contract import files
from ssd_jobs.errors import Terminated
from ssd_jobs.progress.recorder import Progress
from ssd_jobs.stages.train import observer
from ssd_jobs.stages.train import stage as train
from ssd_jobs.tracking import runs
from workspaces import training

STEPS, STOP = 6, 3
"""All ranks agree on stopping with the next step's reduction, so the last step is the one after."""


class Interrupting(Progress):
    """Asks to stop after a step, as a signal would."""

    def __init__(self, stop: threading.Event) -> None:
        super().__init__()
        self._stop = stop

    def update(self, *, done: float, total: float, unit: str, **values: float) -> None:
        """Say it, then ask."""
        super().update(done=done, total=total, unit=unit, **values)
        if done == STOP:
            self._stop.set()


def history(wanted: contract.Tracking, key: str) -> list[tuple[int, float]]:
    """Return what the server has of one metric of train."""
    client = tracking.connect(wanted.uri)
    experiment = runs.experiment(client, wanted)
    run = runs.child_run(client, wanted, experiment, runs.parent_run(client, wanted, experiment), "train")
    return sorted((each.step, each.value) for each in client.get_metric_history(run, key))


def test_a_resume_doubles_no_point(
    mlflow_tracking: contract.Tracking, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped at a step, the server has the steps until then; resumed, it has all, once, with the file's values."""
    for patience in ("STOPPED_PATIENCE_S", "LIVE_PATIENCE_S"):  # a busy machine may need longer than a training waits
        monkeypatch.setattr(observer, patience, 600.0)
    root = training.workspace(tmp_path, steps=STEPS)
    config = train_config(root, steps=STEPS, tracking=mlflow_tracking)
    stop = threading.Event()
    with pytest.raises(Terminated, match=f"after step {STOP + 1};"):
        train.run(config, Context(root, 0, Interrupting(stop), stop))
    assert [step for step, _ in history(mlflow_tracking, "train/loss")] == list(range(1, STOP + 2))
    train.run(config, Context(root, 0, Progress()))
    rows = [json.loads(line) for line in (root / config.output / files.METRICS).read_text().splitlines()]
    for key in ("train/loss", "train/grad_norm", "train/tokens_per_s"):
        written = [(row["step"], row["value"]) for row in rows if row["key"] == key]
        assert history(mlflow_tracking, key) == written
        assert [step for step, _ in written] == list(range(1, STEPS + 1))
