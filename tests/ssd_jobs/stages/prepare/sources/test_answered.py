"""Benchmarks whose answers are no programs: one row of each published layout, as it is written there."""

import json
from pathlib import Path
from typing import Any

import pytest

from configs.parts import rows_at
from ssd_jobs import matching
from ssd_jobs.errors import BadInput
from ssd_jobs.stages.prepare.sources.benchmarks import open_benchmark
from ssd_jobs.stages.prepare.sources.problem import Problem

RULES = ["punctuation:no_comma", "length_constraints:number_words"]
GIVEN = [{}, {"relation": "at least", "num_words": 3, "keywords": None}]
LAYOUTS: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "AIME": ({"ID": "2024-I-1", "Problem": "How many?", "Answer": 33}, r"\boxed{033}", r"\boxed{34}", "0 to 999"),
    "MMLU": (
        {"question": "Which capital?", "subject": "geography", "choices": ["Rome", "Oslo"], "answer": 1},
        "Answer: B", "Answer: A", "A. Rome\nB. Oslo",
    ),
    "CruxEval": (
        {"id": "sample_0", "code": "def f(x):\n    return [x]", "input": "'a'", "output": "['a']"},
        '[ANSWER]["a"][/ANSWER]', "[ANSWER]'a'[/ANSWER]", "What does f('a') return?",
    ),
    "IFEval": (
        {"key": 1000, "prompt": "Say it.", "instruction_id_list": RULES, "kwargs": GIVEN},
        "it is said", "it, is, said", "Say it.",
    ),
    "answers": (
        {"id": "capital", "statement": "Capital of Norway?", "form": "text", "answer": "Oslo", "difficulty": "Easy"},
        "Answer: Oslo", "Answer: Bergen", "Capital of Norway?",
    ),
}  # fmt: skip


def read(folder: Path, *rows: dict[str, Any]) -> tuple[list[Problem], Any]:
    """Read rows as a benchmark."""
    file = folder / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = open_benchmark(rows_at(str(file)), name="ood", workspace=folder, offline=True)
    return list(found.problems()), found.facts["form"]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_layout_is_recognised_and_graded(tmp_path: Path, layout: str) -> None:
    """By its columns alone; the statement says how to answer, and the tests tell right from wrong."""
    row, right, wrong, told = LAYOUTS[layout]
    [problem], form = read(tmp_path, row)
    assert form == layout
    assert (problem.kind, bool(problem.problem_id)) == ("answer", True)
    assert told in problem.statement
    assert all(matching.check_expected(case.input, case.output) == "" for case in problem.tests)
    for text, passes in ((right, True), (wrong, False)):
        found = [matching.judge(text, case.input, case.output).outcome == "right" for case in problem.tests]
        assert all(found) == passes


def test_a_row_that_is_not_of_its_layout_is_named(tmp_path: Path) -> None:
    """With its line, and with what the layout needs."""
    row = LAYOUTS["MMLU"][0]
    with pytest.raises(
        BadInput, match=r"rows\.jsonl:2: is no row of the layout MMLU; it needs answer, choices, question"
    ):
        read(tmp_path, row, {**row, "choices": None})


def test_a_benchmark_in_shell_is_refused(tmp_path: Path) -> None:
    """By what it is, before anything is generated: the sandbox runs no program that starts others."""
    tests = (
        '}\n\ncandidate() {\n    double "$@"\n}\n\nset -e\nrun_test() {\n    [[ $(candidate 2) = 4 ]]\n}\nrun_test\n'
    )
    row = {
        "name": "double", "language": "sh", "prompt": "#!/bin/bash\n# Twice.\ndouble() {\n", "doctests": "transform",
        "original": "double.py", "prompt_terminology": "reworded", "tests": tests, "stop_tokens": ["\n}"],
    }  # fmt: skip
    with pytest.raises(BadInput, match=r"source\.path: .* is a benchmark of MultiPL-E, such as HumanEval in Shell"):
        read(tmp_path, row)
