"""A directory of a run that was copied is a directory of its own."""

import shutil
from pathlib import Path

from configs.grade import TESTS, grade_config
from ssd_jobs import contract
from ssd_jobs.contract import files
from ssd_jobs.stages.grade import stage as grade
from ssd_operator.cli import document, models
from ssd_operator.local.experiment import LocalExperiment
from ssd_operator.local.state import RunState
from workspaces import graded

TOY = Path(__file__).parent.parent.parent.parent / "examples" / "toy" / "selfdistill.yaml"


def graded_toy(directory: Path) -> Path:
    """Leave what a run of the toy leaves for `ssd regrade`: its file, configs with this directory's path, verdicts."""
    graded.workspace(directory, {"one": [graded.RIGHT]})
    config = grade_config(directory)
    grade.run(config, graded.context(directory))
    name, spec = document.read(TOY)
    toy = LocalExperiment(name, spec, directory, tracking_uri="")
    toy.workdir.create()
    toy.workdir.source_file.write_text(TOY.read_text())
    for node in toy.graph(RunState(name, "")).of(contract.GradeConfig):
        toy.workdir.config_file(node.name).write_text(contract.dump(config))
    return directory


def test_a_copy_is_graded_itself(tmp_path: Path) -> None:
    """A copy whose tests are damaged is refused, though its configs name the original, which is still whole."""
    original, copy = graded_toy(tmp_path / "original"), tmp_path / "copy"
    shutil.copytree(original, copy)
    (copy / TESTS / files.TESTS).write_bytes(b"damaged")
    assert models.regrade(copy, copy) == contract.ExitCode.BAD_INPUT
    assert models.regrade(original, original) == contract.ExitCode.OK
    shutil.rmtree(copy)
    original.rename(copy)
    assert models.regrade(copy, copy) == contract.ExitCode.OK
