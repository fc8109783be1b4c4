"""A small real sweep on this machine: interrupted, continued, judged, and then found done."""

import csv
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from processes.program import SSD, ssd

pytestmark = pytest.mark.endurance

EXAMPLE = Path(__file__).parents[3] / "examples" / "studies" / "machine-sweep.yaml"
SMALL: dict[str, Any] = {
    "prompts": {"limit": 64},
    "training": {"steps": 2, "globalBatchSize": 16, "warmupSteps": 1},
    "evaluation": {
        "shards": 1,
        "benchmarks": [
            {
                "name": "machine",
                "samplesPerProblem": 2,
                "k": [1],
                "sweep": [{"temperature": 0.7, "topP": 0.8}, {"temperature": 1.3, "topP": 0.8}],
            }
        ],
    },
}
PATIENCE_S = 600.0


def short_form(folder: Path) -> None:
    """Write the example with one axis less, and with little of everything."""
    document = yaml.safe_load(EXAMPLE.read_text())
    spec = document["spec"]
    spec["template"]["spec"] |= SMALL
    del spec["axes"][1]
    (folder / "sweep.yaml").write_text(yaml.safe_dump(document))


def interrupted(folder: Path) -> str:
    """Begin it, and stop it with Ctrl-C once the first cell trains."""
    with subprocess.Popen([SSD, "sweep", "sweep.yaml"], cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        printed, deadline = "", time.monotonic() + PATIENCE_S
        while "train running" not in printed:
            assert time.monotonic() < deadline
            printed += process.stdout.readline()
        process.send_signal(signal.SIGINT)
        printed += process.stdout.read()
    assert process.returncode == 130
    return printed


def begun(printed: str) -> list[str]:
    """Return the stages that were begun, with their cells."""
    return re.findall(r"^\S+ (.* running)$", printed, re.MULTILINE)


def test_a_sweep_is_stopped_continued_and_judged(tmp_path: Path) -> None:
    """The short form of the example ends with a table, the best cell and a decision; run again, it does nothing."""
    short_form(tmp_path)
    interrupted(tmp_path)
    done = ssd("sweep", "sweep.yaml", "--export", "table.csv", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "of 3 cells by pass@1 on 60 select problems of machine" in done.stdout
    assert re.search(r"^decision  (Promoted|Held)$", done.stdout, re.MULTILINE)
    assert "the candidate is the best of 3 runs of a sweep on select problems" in done.stdout
    rows = list(csv.DictReader((tmp_path / "table.csv").read_text().splitlines()))
    assert [row["cell"] for row in rows] == ["Ttrain=0.7", "Ttrain=0.9", "control"]
    assert {row["phase"] for row in rows} == {"Succeeded"}
    assert len({row["base_report"] for row in rows}) == 1
    again = ssd("sweep", "sweep.yaml", cwd=tmp_path)
    assert again.returncode == 0
    assert begun(again.stdout) == []
