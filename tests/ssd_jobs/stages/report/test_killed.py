"""The report as a real process, killed with SIGKILL while it talks to MLflow, and run again."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from configs.report import report_config
from ssd_jobs import contract, tracking
from ssd_jobs.contract import files
from ssd_jobs.tracking import runs
from workspaces import reported

pytestmark = pytest.mark.endurance

SECONDS = 300.0


def start(config: Path, log: Path) -> "subprocess.Popen[bytes]":
    """Run the stage as both runners do."""
    with log.open("w") as stream:
        return subprocess.Popen([sys.executable, "-m", "ssd_jobs", str(config)], stdout=subprocess.PIPE, stderr=stream)


def test_kill_9_while_the_run_is_half_recorded(mlflow_server: str, tmp_path: Path) -> None:
    """Killed once its parent run exists and before it ended, the report completes on the second run, once."""
    from tracking.mlflow_server import tracking as fresh

    root = reported.workspace(tmp_path, lcb=False)
    wanted = fresh(mlflow_server)
    whole = report_config(root, wanted)
    small = tuple(
        each.model_copy(
            update={"grading": ("Process",), "evaluations": tuple(e for e in each.evaluations if e.mode == "Process")}
        )
        for each in whole.benchmarks
    )
    path = root / "config.json"
    path.write_text(contract.dump(whole.model_copy(update={"benchmarks": small})))
    client = tracking.connect(mlflow_server)
    child = start(path, root / "log")
    experiment = client.create_experiment(wanted.experiment)
    deadline = time.monotonic() + SECONDS
    while not client.search_runs([experiment]) and child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(child.pid, signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL, (root / "log").read_text()
    assert (root / f"reports/one/{files.REPORT_PAGE}").is_file()
    assert not (root / f"reports/one/{files.MANIFEST}").exists()
    again = start(path, root / "log")
    output, _ = again.communicate()
    assert again.returncode == 0, (root / "log").read_text()
    result = json.loads(output.splitlines()[-1])
    assert (result["decision"], result["model_version"]) == ("Promoted", "1")
    keys = [run.data.tags[runs.RUN_KEY] for run in client.search_runs([experiment])]
    assert len(keys) == len(set(keys)) == 4
