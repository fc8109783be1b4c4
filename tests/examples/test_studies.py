"""The ready studies: each is a toy that runs here, and the paper's model as a second file, which is planned."""

from pathlib import Path

import pytest
import yaml

import studies
from processes.program import ssd
from ssd_jobs import contract
from ssd_operator.local.sweep import LocalSweep
from ssd_operator.spec.sweep_resource import Sweep, parse_sweep

FOLDER = studies.FOLDER
REAL = "-qwen3-4b"
STUDIES = tuple(studies.FIGURES)


def read(name: str) -> Sweep:
    """Read the file of a study."""
    return parse_sweep(yaml.safe_load((FOLDER / f"{name}.yaml").read_text()))


def test_every_study_has_both_files() -> None:
    """A toy and the paper's model, of the same cells."""
    for name in STUDIES:
        toy, real = (read(each).cells() for each in (name, name + REAL))
        assert {cell.given for cell in toy} == {cell.given for cell in real}
        assert {axis for cell in toy for axis in cell.values} == {axis for cell in real for axis in cell.values}
        assert all(cell.resolved().model.source.builtin for cell in toy)


@pytest.mark.parametrize("name", [name + suffix for name in STUDIES for suffix in ("", REAL)])
def test_a_study_is_planned(name: str, tmp_path: Path) -> None:
    """Its cells differ in what is trained, and share the base's evaluation."""
    sweep = read(name)
    planned = LocalSweep(sweep.name, sweep.cells(), sweep.fields, tmp_path, tracking_uri="").cells()
    trained = [node.key for each in planned for node in each.graph.of(contract.TrainConfig)]
    assert len(set(trained)) == len(planned) > 1
    base = [{node.key for node in each.graph.of(contract.GenerateConfig) if "base" in node.name} for each in planned]
    assert all(keys == base[0] for keys in base)


def test_a_plan_says_what_the_model_of_the_paper_takes() -> None:
    """Tokens and GPU-hours of each kind of work, at the size that its name tells; problems as many as are expected."""
    done = ssd("plan", str(FOLDER / f"samples{REAL}.yaml"), "--workdir", "nowhere")
    assert done.returncode == 0, done.stderr
    assert "train: at most 15,728,640,000 tokens; 524.3 GPU-hours at 4.0 B parameters" in done.stdout
    assert "generate on select problems: at most 1,730,150,400 tokens; 96.1 GPU-hours" in done.stdout


@pytest.mark.endurance
@pytest.mark.parametrize("name", STUDIES)
def test_a_study_runs(name: str, tmp_path: Path) -> None:
    """The short form of the toy comes to its end, with every cell, names the best, and has its figure."""
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(studies.short_form(name)))
    done = ssd("sweep", "study.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    cells = len(parse_sweep(studies.short_form(name)).cells())
    assert f"of {cells} cells by pass@1 on " in done.stdout
    assert studies.draw(name, tmp_path).read_bytes().startswith(b"\x89PNG")
