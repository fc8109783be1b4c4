"""CruxEval-I: a model gives an input of given code, which is run on it; what the text says is believed of nothing."""

import json
from pathlib import Path
from typing import Any

import pytest

from configs.grade import GENERATIONS, PROBLEMS, TESTS, grade_config
from configs.parts import rows_at
from ssd_jobs import contract
from ssd_jobs.contract import files
from ssd_jobs.errors import BadInput
from ssd_jobs.stages.grade import stage as grade
from ssd_jobs.stages.prepare.sources.benchmarks import open_benchmark
from ssd_jobs.stages.prepare.sources.problem import Problem
from workspaces import graded

CODE = "def f(words, times=1):\n    return [(word, len(word)) for word in words * times]\n"
ROW = {"id": "sample_7", "code": CODE, "input": "['ab'], 2", "output": "[('ab', 2), ('ab', 2)]"}
SAID = {
    "[ANSWER]f(['ab'], 2)[/ANSWER]": "pass",
    "[ANSWER]f(['ab', 'ab'])[/ANSWER]": "pass",
    "So assert f(('ab',), times=2) == [('ab', 2), ('ab', 2)]": "pass",
    "[ANSWER]['ab'], 2[/ANSWER]": "pass",
    "[ANSWER]\n```python\nassert f(['a' + 'b'] * 2) == [('ab', 2), ('ab', 2)]\n```\n[/ANSWER]": "pass",
    "[ANSWER]f([word for word, _ in f(['ab', 'ab'])])[/ANSWER]": "pass",
    "[ANSWER]f(['ab'])[/ANSWER]": "wrong",
    "[ANSWER]f(3)[/ANSWER]": "wrong",
    "[ANSWER]f(['ab'], 10 ** 9)[/ANSWER]": "wrong",
    "[ANSWER]f(undefined)[/ANSWER]": "rte",
    "[ANSWER]f(exit(0))[/ANSWER]": "rte",
    "[ANSWER]f((lambda: (_ for _ in ()).throw(KeyError))())[/ANSWER]": "rte",
    "[ANSWER]f(type('E', (), {'__mul__': lambda *_: 1, '__eq__': lambda *_: True})())[/ANSWER]": "rte",
    "[ANSWER]f(globals().update(f=lambda *_: [('ab', 2), ('ab', 2)]) or [])[/ANSWER]": "wrong",
    "[ANSWER]f([open('/etc/passwd').read()])[/ANSWER]": "rte",
    "[ANSWER]f([__import__('os').fork()])[/ANSWER]": "rte",
    "I'm sorry, but I can't help with that.": "refused",
    "It returns pairs.": "no_answer",
    "[ANSWER]f(['ab'[/ANSWER]": "no_answer",
}  # fmt: skip


def read(folder: Path, row: dict[str, Any]) -> Problem:
    """Read a row of CruxEval as one that asks for an input."""
    (folder / "cruxeval.jsonl").write_text(json.dumps(row) + "\n")
    found = open_benchmark(
        rows_at(str(folder / "cruxeval.jsonl")), name="crux", workspace=folder, offline=True, asks="Input"
    )
    [problem] = found.problems()
    return problem


def workspace(root: Path, said: list[str]) -> contract.GradeConfig:
    """Write the problem as prepare does, and what a model said to it; return how it is graded."""
    root.mkdir(exist_ok=True)
    problem = read(root, ROW)
    [case] = problem.tests
    test = {"problem_id": "sample_7", "test_index": 0, "input": case.input, "output": case.output, "public": False}
    graded.write(root / PROBLEMS, {files.PROBLEMS: ("problems", [problem.row()])})
    graded.write(root / TESTS, {files.TESTS: ("tests", [test])})
    rows = [graded.sample("sample_7", number, text) for number, text in enumerate(said)]
    graded.write(files.shard(root / GENERATIONS, 0, 1), {files.part(0): ("samples", rows)}, shard=0)
    whole = grade_config(root)
    task = whole.tasks[0].model_copy(update={"mode": "Input", "output": "verdicts/base-input"})
    return whole.model_copy(update={"tasks": (task,)})


def test_an_input_is_right_when_the_code_gives_the_output(tmp_path: Path) -> None:
    """However it is written, whichever of several; an expression that means harm reaches neither code nor machine."""
    config = workspace(tmp_path, list(SAID))
    grade.run(config, graded.context(tmp_path))
    rows = graded.verdicts(tmp_path, "input")
    assert {text: row["verdict"] for text, row in zip(SAID, rows, strict=True)} == SAID


def test_the_statement_asks_for_an_input_and_does_not_tell_it(tmp_path: Path) -> None:
    """The published input is in neither the statement nor the tests."""
    problem = read(tmp_path, ROW)
    assert "For which arguments does f return [('ab', 2), ('ab', 2)]?" in problem.statement
    assert ROW["input"] not in problem.statement + str(problem.tests)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (
            {"statement": "What?", "answer": "4"},
            r"path: grading Input asks for an input .* need the columns code and output",
        ),
        ({**ROW, "code": None}, r"cruxeval.jsonl:1: is no row of the layout CruxEval-I"),
    ],
)
def test_rows_that_have_no_code_are_refused(tmp_path: Path, row: dict[str, Any], says: str) -> None:
    """By what they lack."""
    with pytest.raises(BadInput, match=says):
        read(tmp_path, row)


def test_the_mode_belongs_to_the_problem(tmp_path: Path) -> None:
    """What asks for an input is not graded by comparing texts."""
    config = workspace(tmp_path, ["[ANSWER]f(['ab'], 2)[/ANSWER]"])
    task = config.tasks[0].model_copy(update={"mode": "Answer"})
    with pytest.raises(BadInput, match=r"sample_7 is about inputs: set .*grading to \[Input\]"):
        grade.run(config.model_copy(update={"tasks": (task,)}), graded.context(tmp_path))
