"""Grading of answers that are no programs: nothing is run, and a refusal is a verdict of its own."""

import json
from pathlib import Path
from typing import Any

import pytest

from configs.grade import GENERATIONS, PROBLEMS, TESTS, grade_config
from ssd_jobs import artifacts, contract
from ssd_jobs.contract import files
from ssd_jobs.errors import BadInput
from ssd_jobs.stages.grade import stage as grade
from workspaces import graded

SAID = {
    r"Adding up, \boxed{42}.": "pass",
    "The answer is 41.": "wrong",
    "I'm sorry, but I can't help with that.": "refused",
    "That cannot be known.": "no_answer",
}


def workspace(root: Path) -> Path:
    """Write one problem that asks for a number, and what a model said to it."""
    test = {"problem_id": "sum", "test_index": 0, "input": json.dumps({"form": "integer"}), "output": "42"}
    problem = graded.problem("sum", kind="answer")
    graded.write(root / PROBLEMS, {files.PROBLEMS: ("problems", [problem])})
    graded.write(root / TESTS, {files.TESTS: ("tests", [{**test, "public": False}])})
    rows: list[dict[str, Any]] = [graded.sample("sum", number, text) for number, text in enumerate(SAID)]
    graded.write(files.shard(root / GENERATIONS, 0, 1), {files.part(0): ("samples", rows)}, shard=0)
    return root


def config(root: Path, mode: contract.Grading) -> contract.GradeConfig:
    """Return a config of one task in one mode."""
    whole = grade_config(root)
    task = whole.tasks[0].model_copy(update={"mode": mode, "output": f"verdicts/base-{mode.lower()}"})
    return whole.model_copy(update={"tasks": (task,)})


def test_answers_get_their_verdicts_without_a_sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Right, wrong, refused or none; the manifest says that known answers got theirs, and counts each kind."""
    monkeypatch.delattr(grade, "connect_sandbox")
    root = workspace(tmp_path)
    result = grade.run(config(root, "Answer"), graded.context(root))
    assert result.message == "shard 0: 4 verdicts graded"
    rows = graded.verdicts(root, "answer")
    assert [row["verdict"] for row in rows] == list(SAID.values())
    assert rows[0]["code_sha256"] != ""
    [shard] = artifacts.open_shards(root / "verdicts/base-answer")
    assert shard.manifest.facts["canaries"] == "passed"
    assert shard.manifest.counts["verdict_refused"] == 1


def test_programs_and_answers_are_not_mistaken_for_each_other(tmp_path: Path) -> None:
    """A mode that means nothing for a problem is refused, with the field that helps."""
    root = workspace(tmp_path / "answers")
    with pytest.raises(BadInput, match=r"problem sum is about answers: set .*grading to \[Answer\]"):
        grade.run(config(root, "Process"), graded.context(root))
    root = graded.workspace(tmp_path / "programs", {"double": [graded.RIGHT]})
    with pytest.raises(BadInput, match=r"problem double is about programs: set .*grading to \[Process\]"):
        grade.run(config(root, "Answer"), graded.context(root))
