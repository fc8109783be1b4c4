"""A stored run that is graded again has identical verdicts, and a forged one is found."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from configs.grade import VERDICTS, grade_config
from ssd_jobs import artifacts, contract
from ssd_jobs.artifacts import tables
from ssd_jobs.commands import regrade
from ssd_jobs.contract import files
from ssd_jobs.errors import BadInput, JobError
from ssd_jobs.stages.grade import stage as grade
from workspaces import graded
from workspaces.provenance import EMPTY

TEXTS = {"one": [graded.RIGHT, graded.WRONG], "two": [graded.NO_CODE, graded.RIGHT]}


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """A graded run and its config."""
    root = graded.workspace(tmp_path, TEXTS)
    config = grade_config(root)
    grade.run(config, graded.context(root))
    path = root / "config.json"
    path.write_text(contract.dump(config))
    return path


def test_a_stored_run_graded_again_is_the_same(stored: Path) -> None:
    """The program of the command line says how many verdicts there are, that none differs, and exits with 0."""
    command = [sys.executable, "-m", "ssd_jobs.commands.regrade", str(stored), "--workspace", str(stored.parent)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "8 verdicts, none differs\n"), done.stderr
    arguments = [str(stored), str(stored), "--workspace", str(stored.parent), "--form", "json"]
    assert json.loads(regrade.main(arguments)) == {"verdicts": 16, "different": 0}


def test_a_forged_verdict_is_found(stored: Path) -> None:
    """A verdict that was changed on disk, manifest and all, is named with its problem, sample, setting and mode."""
    (path,) = stored.parent.glob(f"{VERDICTS}-process/shard-*")
    found = artifacts.open_artifact(path)
    rows = tables.rows(found.table(files.VERDICTS, tables.VERDICTS))
    rows[1]["verdict"] = "pass"
    shard = artifacts.Output(path=path, stage="grade", name="g", key=found.manifest.key, shard=found.manifest.shard)
    with shard.claim() as draft:
        draft.write_table(files.VERDICTS, tables.VERDICTS, tables.table(tables.VERDICTS, rows))
        draft.finish(EMPTY)
    with pytest.raises(JobError, match="1 of 8 verdicts differ: one #1 at t0-7 as Process: pass is now wrong"):
        regrade.main([str(stored), "--workspace", str(stored.parent)])


def test_only_a_grade_config_can_be_graded_again(tmp_path: Path) -> None:
    """Another document is refused with one sentence."""
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"stage": "report"}))
    with pytest.raises(BadInput, match=r"config\.json"):
        regrade.main([str(path), "--workspace", str(tmp_path)])
