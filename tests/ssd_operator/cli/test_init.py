"""`ssd init` writes files that every other command takes; what it is not told it asks, or says."""

import json
import os
import pty
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from processes.program import SSD, ssd
from ssd_operator.cli import document
from ssd_operator.cli.app import app
from ssd_operator.spec import presets
from ssd_operator.spec.resolved import ResolvedSpec


def written(folder: Path, *options: str) -> ResolvedSpec:
    """Write a file, and return what every command understands of it."""
    path = folder / "x.yaml"
    done = CliRunner().invoke(app, ["init", str(path), *options])
    assert done.exit_code == 0, done.output
    name, spec = document.read(path)
    path.unlink()
    assert name == "x"
    return spec


@pytest.mark.parametrize("preset", presets.names())
def test_every_choice_gives_a_whole_file(preset: str, tmp_path: Path) -> None:
    """Whichever preset is taken, with or without another model, problems, benchmark and machine, all rules hold."""
    choices = ("--model=models/own", "--problems=p.jsonl", "--benchmark=humaneval", "--gpus=2")
    for chosen in ((), choices, *((choice,) for choice in choices)):
        spec = written(tmp_path, f"--preset={preset}", *chosen)
        assert spec.promotion is not None
        if "--benchmark=humaneval" in chosen:
            assert [each.name for each in spec.evaluation.benchmarks] == ["humaneval"]
            assert spec.evaluation.benchmarks[0].sweep
        if "--gpus=2" in chosen:
            assert (spec.sampling.gpus_per_shard, spec.training.gpus_per_node, spec.evaluation.shards) == (1, 2, 2)


@pytest.mark.parametrize(
    ("place", "source"),
    [("hf:Qwen/X", "hugging_face"), ("models:/coder@champion", "registry"), ("models/own", "path")],
)
def test_a_models_place_says_what_it_is(place: str, source: str, tmp_path: Path) -> None:
    """A hub's repository, a registered version and a folder are told apart by how they are written."""
    model = written(tmp_path, "--preset=toy", f"--model={place}").model.source
    assert getattr(model, source) is not None
    assert model.builtin is None


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    """Nothing is written over."""
    (tmp_path / "selfdistill.yaml").write_text("mine")
    done = ssd("init", "--preset", "machine", cwd=tmp_path)
    assert done.returncode == 64
    assert "is there already" in done.stderr
    assert (tmp_path / "selfdistill.yaml").read_text() == "mine"


def test_what_is_wrong_leaves_no_file(tmp_path: Path) -> None:
    """A path outside, a preset that is not there and a missing answer are one sentence each."""
    for options, words in (
        (("--preset", "machine", "--model", "../up"), "spec.model.source.path"),
        (("--preset", "nobody"), "no preset"),
        (("--preset", "machine", "--gpus", "two"), "--gpus two: is no number"),
        ((), "--preset: is needed"),
    ):
        done = subprocess.run(
            [SSD, "init", *options], cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        assert done.returncode == 64
        assert words in done.stderr
        assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_person_is_asked(tmp_path: Path) -> None:
    """On a terminal preset, places and GPUs are asked for; an empty answer is what the preset says."""
    control, terminal = pty.openpty()
    with os.fdopen(control, "wb", buffering=0) as keys:
        asked = subprocess.Popen([SSD, "init"], cwd=tmp_path, stdin=terminal, stdout=subprocess.PIPE, text=True)
        os.close(terminal)
        keys.write(b"toy\n\n\nmbpp\n1\n")
        told, _ = asked.communicate(timeout=120)
    assert asked.returncode == 0, told
    _, spec = document.read(tmp_path / "selfdistill.yaml")
    assert spec.model.source.builtin == "toy"
    assert [each.source.builtin for each in spec.evaluation.benchmarks] == ["mbpp"]
    assert spec.training.gpus_per_node == 1


def test_the_machine_is_planned_from_an_empty_folder(tmp_path: Path) -> None:
    """Two commands without a checkout: the first file, and the plan of the positive control."""
    assert ssd("init", "--preset", "machine", cwd=tmp_path).returncode == 0
    rows = json.loads(ssd("plan", "selfdistill.yaml", "-o", "json", cwd=tmp_path).stdout)
    assert [row["stage"] for row in rows][:4] == ["prepare", "sample", "curate", "train"]
