"""Assertions that are no literals decide as their benchmark wrote them, from its rows to the verdicts."""

import json
from pathlib import Path
from typing import Any

import pytest

from configs.grade import GENERATIONS, PROBLEMS, TESTS, grade_config
from configs.reference import REFERENCES, reference_config
from ssd_jobs import artifacts
from ssd_jobs.artifacts import tables
from ssd_jobs.commands.regrade import regrade
from ssd_jobs.contract import files
from ssd_jobs.errors import BadInput
from ssd_jobs.stages.grade import stage as grade
from ssd_jobs.stages.prepare.sources import asserts
from ssd_jobs.stages.prepare.sources.problem import Problem
from ssd_jobs.stages.reference import stage as reference
from workspaces import graded

HALF = "def half(x):\n    return x / 2\n"
ROWS: list[dict[str, Any]] = [
    {
        "task_id": 1,
        "text": "Write a function to halve a number.",
        "code": HALF,
        "test_setup_code": "import math",
        "test_list": ["assert half(4) == 2", "assert math.isclose(half(3), 1.5, rel_tol=0.001)"],
        "challenge_test_list": ["assert half(2 * 5) == half(10) == 5.0"],
    },
    {
        "task_id": 2,
        "text": "Write a function to find the distinct values of a list.",
        "code": "def distinct(values):\r\n    return tuple(dict.fromkeys(values))",
        "test_setup_code": "",
        "test_list": ["assert set(distinct([1, 1, 2])) == {1, 2}", "assert len(distinct([1, 1])) == 1"],
        "challenge_test_list": [],
    },
    {
        "task_id": 3,
        "text": "Write a function to find the longest chain of pairs.",
        "code": "class Pair:\n    pass\ndef chain(pairs):\n    return len(pairs)",
        "test_setup_code": "",
        "test_list": ["assert chain([Pair()]) == 1"],
        "challenge_test_list": [],
    },
]
TEXTS = {
    "MBPP/1": {
        "def half(x):\n    return x * 0.5": "pass",
        "def half(x):\n    return x / 2 + 0.0001": "wrong",
        "def half(x):\n    return x // 2": "wrong",
        "def half(x):\n    return 2 if x == 4 else exit()": "rte",
        "def half(x):\n    return 2 if x == 4 else object()": "rte",
        "def half(x):\n    return x / 2 if x == 4 else 'x' * 2**21": "ole",
    },
    "MBPP/2": {
        "def distinct(values):\n    return set(values)": "pass",
        "def distinct(values):\n    return sorted(set(values), reverse=True)": "pass",
        "def distinct(values):\n    return values": "wrong",
        "def distinct(values):\n    return 5": "wrong",
        "def distinct(values": "compile_error",
    },
}


def problems(root: Path, rows: list[dict[str, Any]]) -> tuple[list[Problem], asserts.Asserted]:
    """Read rows as the benchmark `mbpp` is read."""
    (root / "mbpp.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    source = asserts.Asserted([root / "mbpp.jsonl"], "MBPP", referenced=True)
    return list(source.problems()), source


def workspace(root: Path, rows: list[dict[str, Any]]) -> Path:
    """Write what prepare makes of rows, and a generation for each of the texts."""
    found, _ = problems(root, rows)
    tests = [
        {
            "problem_id": each.problem_id,
            "test_index": index,
            "input": case.input,
            "output": case.output,
            "public": False,
        }
        for each in found
        for index, case in enumerate(each.tests)
    ]
    checks = [{name: getattr(each, name) for name in tables.CHECKS.names} for each in found if each.check]
    graded.write(root / PROBLEMS, {files.PROBLEMS: ("problems", [each.row() for each in found])})
    graded.write(root / TESTS, {files.TESTS: ("tests", tests), files.CHECKS: ("checks", checks)})
    answers = [
        graded.sample(each.problem_id, index, f"```python\n{text}\n```")
        for each in found
        for index, text in enumerate(TEXTS.get(each.problem_id, {}))
    ]
    graded.write(files.shard(root / GENERATIONS, 0, 1), {files.part(0): ("samples", answers)}, shard=0)
    return root


def test_each_assertion_counts(tmp_path: Path) -> None:
    """Tolerances, several calls in one assertion and set-up code decide in both modes, and again when graded again."""
    root = workspace(tmp_path, ROWS)
    done = reference.run(reference_config(root), graded.context(root))
    assert done.message == "bench: 5 calls of its checks"
    config = grade_config(root).model_copy(update={"references": REFERENCES})
    grade.run(config, graded.context(root))
    for mode in ("process", "lcb"):
        rows = graded.verdicts(root, mode)
        found = {name: [row["verdict"] for row in rows if row["problem_id"] == name] for name in TEXTS}
        assert found == {name: list(texts.values()) for name, texts in TEXTS.items()}
        assert {row["tests_total"] for row in rows if row["problem_id"] == "MBPP/1"} == {2}
    (shard,) = artifacts.open_shards(root / config.tasks[0].output)
    assert set(shard.manifest.inputs) == {"problems", "tests", "references", "generations"}
    assert list(regrade(config, root)) == [(11, []), (11, [])]
    assert reference.run(reference_config(root), graded.context(root)) == done


def test_a_class_that_no_prompt_tells_of_leaves_its_problem_out(tmp_path: Path) -> None:
    """A problem whose tests make objects of the solution's own class is left out by name."""
    found, source = problems(tmp_path, ROWS)
    assert [each.problem_id for each in found] == ["MBPP/1", "MBPP/2"]
    assert source.facts["problems_left_out"] == ["MBPP/3"]


@pytest.mark.parametrize(
    ("test", "reason"),
    [
        ("assert half(4) > 2", "AssertionError"),
        ("assert half(undefined) == 2", "NameError: name 'undefined' is not defined"),
        ("assert all(half(x) for x in [])", "it calls nothing"),
        ("for x in range(10**10):\n    assert half(x) > -1", "cpu"),
    ],
    ids=["false", "broken", "no call", "endless"],
)
def test_a_reference_that_does_not_pass_is_refused_by_name(tmp_path: Path, test: str, reason: str) -> None:
    """A check that would fail every program, or none, is named with the reason, and nothing is written."""
    root = workspace(tmp_path, [{**ROWS[0], "test_list": [test], "challenge_test_list": []}])
    config = reference_config(root)
    science = config.science.model_copy(update={"cpu_seconds": 0.5})
    with pytest.raises(BadInput, match=r"do not pass their own tests: MBPP/1 \(") as caught:
        reference.run(config.model_copy(update={"science": science}), graded.context(root))
    assert reason in str(caught.value)
    assert not (root / REFERENCES / files.MANIFEST).exists()
