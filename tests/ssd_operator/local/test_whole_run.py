"""A small real experiment on this machine: interrupted, killed, continued, finished, and then found done."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from processes import disks
from ssd_jobs.contract import files

pytestmark = pytest.mark.endurance

SSD = Path(sys.executable).parent / "ssd"
PATIENCE_S = 600.0

RESOURCE = """
apiVersion: selfdistill.dev/v1alpha1
kind: SelfDistillation
metadata: {name: small}
spec:
  preset: toy
  prompts: {limit: 64}
  training: {nodes: 2, steps: 4, globalBatchSize: 16, warmupSteps: 1, checkpoint: {everySteps: 1}}
  evaluation:
    benchmarks:
    - {name: toy, samplesPerProblem: 1, k: [1], sweep: []}
  storage: {claimName: unused}
  promotion: {gate: {baseline: Fixed, minGain: 0.9, passAt5: false}}
"""


class Run:
    """One `ssd run` as a person starts it."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [SSD, "run", "small.yaml", *options],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def wait_for(self, stage: str, phase: str) -> None:
        """Wait until a stage is in a phase."""
        deadline = time.monotonic() + PATIENCE_S
        while stages(self.folder).get(stage, {}).get("phase") != phase:
            assert self.process.poll() is None, self.process.communicate()[0]
            assert time.monotonic() < deadline, f"{stage} is not {phase}"
            time.sleep(0.05)

    def end(self) -> tuple[int, str]:
        """Wait for the end."""
        try:
            output, _ = self.process.communicate(timeout=PATIENCE_S)
        finally:
            self.process.kill()
        return self.process.returncode, output


def stages(folder: Path) -> dict[str, Any]:
    """Return what the runner remembers."""
    file = folder / "work" / ".ssd" / "small" / "state.json"
    return dict(json.loads(file.read_text())["stages"]) if file.exists() else {}


def manifests(folder: Path) -> dict[str, str]:
    """Return every manifest's bytes: a stage that ran again would have written another time into it."""
    return {str(path): path.read_text() for path in (folder / "work").rglob(files.MANIFEST)}


def workers(folder: Path) -> list[str]:
    """Return the stage processes that work in this folder."""
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if "ssd_jobs" in line and str(folder) in line]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder with the resource; nothing is left running in it."""
    (tmp_path / "small.yaml").write_text(RESOURCE)
    yield tmp_path
    assert not workers(tmp_path)


def gone(folder: Path) -> bool:
    """Wait until no stage process is left."""
    deadline = time.monotonic() + PATIENCE_S
    while workers(folder) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not workers(folder)


def test_a_run_survives_ctrl_c_and_kill_9_and_then_is_done(folder: Path) -> None:
    """Whatever stops a run, the same command continues it; no stage runs twice, and a last run does nothing."""
    first = Run(folder)
    first.wait_for("prepare", "Succeeded")
    first.process.send_signal(signal.SIGINT)
    code, output = first.end()
    assert code == 130, output
    assert "the same command continues" in output
    assert gone(folder)

    second = Run(folder)
    second.wait_for("train", "Running")
    finished = manifests(folder)
    second.process.kill()
    second.end()
    assert gone(folder)

    code, output = Run(folder).end()
    assert code == 0, output
    assert "decision  Held" in output
    assert finished.items() <= manifests(folder).items()
    assert {stage["phase"] for stage in stages(folder).values()} == {"Succeeded"}

    before = manifests(folder)
    code, output = Run(folder).end()
    assert code == 0, output
    assert "nothing to do" in output
    assert manifests(folder) == before
    asked_by_directory(folder)


def asked_by_directory(folder: Path) -> None:
    """The directory alone is enough to ask how it went, and to grade once more, under another mode too."""
    assert "Succeeded" in ssd(folder, "status", "work")
    assert "decision  Held" in ssd(folder, "report", "work", "--name", "small")
    told = json.loads(ssd(folder, "status", "work", "-o", "json"))
    assert {stage["phase"] for stage in told["stages"]} == {"Succeeded"}
    opened(folder)
    before = manifests(folder)
    assert "none differs" in ssd(folder, "regrade", "work")
    assert manifests(folder) == before
    assert " LCB " in ssd(folder, "regrade", "work", "--mode", "LCB")
    assert before.items() <= manifests(folder).items()


def opened(folder: Path) -> None:
    """`ssd report --open` gives the page to the browser, and programs get the decision with the page's place."""
    browser = folder / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" >{folder}/opened\n')
    browser.chmod(0o755)
    told = json.loads(ssd(folder, "report", "work", "--open", "-o", "json", BROWSER=str(browser)))
    assert told["result"]["decision"] == "Held"
    page = folder / told["page"]
    assert "<html" in page.read_text()
    assert (folder / "opened").read_text().strip() == page.resolve().as_uri()


def ssd(folder: Path, *arguments: str, **environment: str) -> str:
    """Run a command that must succeed, and return what it printed."""
    around = {**os.environ, **environment}
    done = subprocess.run([SSD, *arguments], cwd=folder, env=around, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def small_disk(folder: Path) -> Iterator[Path]:
    """The directory of the run, on a disk of 1 MB of its own."""
    with disks.small(folder / "work", megabytes=1) as disk:
        yield disk


def test_a_full_disk_is_one_sentence_and_loses_nothing(folder: Path, small_disk: Path) -> None:
    """The model does not fit: that is said without a traceback, and with more room the same command goes on."""
    code, output = Run(folder, "--wait", "0s").end()
    assert code == 75, output
    assert "no space left" in output
    assert "Traceback" not in output

    subprocess.run(["mount", "-o", "remount,size=500m", small_disk], check=True)
    again = Run(folder)
    again.wait_for("prepare", "Succeeded")
    again.process.send_signal(signal.SIGINT)
    code, output = again.end()
    assert code == 130, output
    assert gone(folder)
