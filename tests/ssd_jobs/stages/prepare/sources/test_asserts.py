"""HumanEval and MBPP rows become problems whose tests say what the assertions say, and no more."""

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from configs.parts import rows_at
from configs.prepare import prepare_config
from ssd_jobs import artifacts, contract
from ssd_jobs.artifacts import tables
from ssd_jobs.contract import files
from ssd_jobs.errors import BadInput
from ssd_jobs.stages.prepare import stage as prepare
from ssd_jobs.stages.prepare.sources import datasets
from ssd_jobs.stages.prepare.sources.assertions import Assertions, program, take_apart
from workspaces.sampling import context

HUMANEVAL = {
    "task_id": "HumanEval/0",
    "prompt": 'def add(a: int, b: int) -> int:\n    """ Add. """\n',
    "entry_point": "add",
    "canonical_solution": "    return a + b\n",
    "test": "def check(candidate):\n    assert candidate(1, 2) == 3, 'no'\n    assert abs(candidate(1, 1) - 2) < 1\n",
}
MBPP = {
    "task_id": 11,
    "text": "Write a function to remove the first and last occurrence of a character.",
    "code": "def remove_Occ(s,ch): \n    return s",
    "test_list": ['assert remove_Occ("hello","l") == "heo"', 'assert remove_Occ("abcda","a") == "bcd"'],
    "challenge_test_list": ['assert remove_Occ("hellolloll","l") == "helollol"'],
}


def taken(text: str) -> Assertions:
    """Take apart the assertions of a text about a function `f`."""
    return take_apart(program(text).body, around=(), function="f")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("assert f(1, [2]) == 3", ["[1, [2]]", "3"]),
        ("assert f((1, 2)) == (3, 4)", ["[[1, 2]]", "[3, 4]"]),
        ("assert f('a') is True", ['["a"]', "true"]),
        ("assert f(-1.5) == None", ["[-1.5]", "null"]),
        ("assert f({'k': [1]}) == {}", ['[{"k": [1]}]', "{}"]),
        ("assert f({1: 2}) == 1", None),
        ("assert f({1, 2}) == 1", None),
        ("assert f(x) == 1", None),
        ("assert f(1) != 1", None),
        ("assert f(1)", None),
        ("assert g(1) == 1", None),
        ("assert f(a=1) == 1", None),
        ("assert f(__import__('os').getcwd()) == 1", None),
        ("assert abs(f(1) - 1) < 0.5", None),
        ("if g():\n    assert f(1) == 1", None),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_only_literal_comparisons_are_taken(text: str, expected: list[str] | None) -> None:
    """What compares a call on literals with a literal is a case; everything else stays a program, nothing is run."""
    found = taken(text)
    assert [[case.input, case.output] for case in found.cases] == ([expected] if expected else [])
    assert found.unread == (expected is None)
    assert ("assert" in found.check) == (expected is None)


@pytest.mark.parametrize(
    ("row", "name", "entry_point", "tests"),
    [(HUMANEVAL, "HumanEval/0", "add", 1), (MBPP, "MBPP/11", "remove_Occ", 3)],
    ids=["humaneval", "mbpp"],
)
def test_a_row_becomes_a_problem(tmp_path: Path, row: dict[str, Any], name: str, entry_point: str, tests: int) -> None:
    """The layout is recognised by its columns; a reference solution appears nowhere."""
    (tmp_path / "bench.jsonl").write_text(json.dumps(row) + "\n")
    benchmarks = {"own": rows_at("bench.jsonl")}
    prepare.run(prepare_config(tmp_path, benchmarks=benchmarks, limit=5), context(tmp_path))
    benchmark = artifacts.open_artifact(tmp_path / "problems/own")
    (problem,) = tables.rows(benchmark.table(files.PROBLEMS, tables.PROBLEMS))
    assert (problem["problem_id"], problem["kind"], problem["entry_point"]) == (name, "functional", entry_point)
    assert f"def {entry_point}(" in problem["starter_code"]
    assert "return" not in problem["starter_code"]
    assert benchmark.manifest.counts["tests"] == tests


def test_what_cannot_be_read_is_on_record(tmp_path: Path) -> None:
    """A problem without a readable assertion is left out by name, and unread assertions of the others are counted."""
    odd = {
        **HUMANEVAL,
        "task_id": "HumanEval/9",
        "test": "def check(candidate):\n    assert abs(candidate(1, 2)) < 3\n",
    }
    (tmp_path / "bench.jsonl").write_text("".join(json.dumps(row) + "\n" for row in (HUMANEVAL, odd)))
    benchmarks = {"own": rows_at("bench.jsonl")}
    prepare.run(prepare_config(tmp_path, benchmarks=benchmarks, limit=5), context(tmp_path))
    for root in ("problems", "tests"):
        manifest = artifacts.open_artifact(tmp_path / root / "own").manifest
        assert manifest.facts["form"] == "HumanEval"
        assert manifest.facts["problems_left_out"] == ["HumanEval/9"]
        assert manifest.facts["assertions_left_out"] == 1
        assert manifest.counts["problems"] == 1


def test_a_builtin_has_all_problems_and_its_own_files_only_what_is_literal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under its built-in name a benchmark keeps every assertion, with its solution, where only a sandbox looks."""
    odd = {**HUMANEVAL, "task_id": "HumanEval/9", "test": "def check(f):\n    assert abs(f(1, 2)) < 4\n"}
    (tmp_path / "bench.jsonl").write_text("".join(json.dumps(row) + "\n" for row in (HUMANEVAL, odd)))
    monkeypatch.setattr(datasets, "find", lambda *_, **__: datasets.Found([tmp_path / "bench.jsonl"], {}))
    benchmarks: dict[str, contract.BenchmarkSource] = {
        "all": contract.Builtin(kind="builtin", name="humaneval"),
        "own": rows_at("bench.jsonl"),
    }
    prepare.run(prepare_config(tmp_path, benchmarks=benchmarks, limit=5), context(tmp_path))
    kept = {name: artifacts.open_artifact(tmp_path / "tests" / name) for name in benchmarks}
    checks = {name: tables.rows(each.table(files.CHECKS, tables.CHECKS)) for name, each in kept.items()}
    assert [row["problem_id"] for row in checks["all"]] == ["HumanEval/0", "HumanEval/9"]
    assert all(row["reference"] == HUMANEVAL["prompt"] + HUMANEVAL["canonical_solution"] for row in checks["all"])
    assert checks["own"] == []
    assert [kept[name].manifest.counts["problems"] for name in ("all", "own")] == [2, 1]
    assert kept["all"].manifest.facts["problems_left_out"] == []


@pytest.mark.parametrize(
    "row",
    [
        {**HUMANEVAL, "test": None},
        {**HUMANEVAL, "prompt": 5},
        {**HUMANEVAL, "test": "def test(candidate):\n    assert candidate(1, 2) == 3\n"},
        {**HUMANEVAL, "test": "def check(candidate):\n    assert candidate(1, 2 == 3\n"},
        {**MBPP, "test_list": ["assert __import__('os') == 1"], "challenge_test_list": []},
        {**MBPP, "test_list": None},
        {**MBPP, "code": ["x"]},
        {name: value for name, value in MBPP.items() if name != "text"},
    ],
    ids=["no tests", "prompt", "no check", "no program", "no call", "no list", "code", "no text"],
)
def test_a_broken_row_is_named(tmp_path: Path, row: dict[str, Any]) -> None:
    """A row of a known layout without what the layout has is refused with its line."""
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n")
    with pytest.raises(BadInput, match=r"rows\.jsonl:1: is no row of (HumanEval|MBPP) \("):
        prepare.run(prepare_config(tmp_path, benchmarks={"own": rows_at("rows.jsonl")}, limit=5), context(tmp_path))


@pytest.mark.parametrize("text", ["assert f(1) == 1\0", "assert f(" + "(" * 5000, "\ud800", "assert f(1) =="])
def test_text_that_is_no_program_is_refused(text: str) -> None:
    """Whatever stands in the place of assertions, reading it ends in a sentence."""
    with pytest.raises(ValueError, match="is no program"):
        taken(text)


def test_an_assertion_of_nothing_is_no_test() -> None:
    """`assert True` belongs to no check, and neither do statements beside which nothing is asserted."""
    assert taken("x = 1\nassert True, 'fine'\nprint(x)") == Assertions((), "", 0)


def test_what_is_no_literal_stays_a_program_with_what_it_needs() -> None:
    """A check has the statements around its assertions, in their order, and none of the literal ones."""
    text = "assert f(0) == 0\nx = [1]\nfor y in x:\n    assert f(y) == y + 1\nassert f(5) == 6\nassert not f(-1)"
    found = taken(text)
    assert [case.input for case in found.cases] == ["[0]", "[5]"]
    assert found.check == ast.unparse(
        ast.parse("def check(f):\n    x = [1]\n    for y in x:\n        assert f(y) == y + 1\n    assert not f(-1)")
    )


@pytest.mark.parametrize(
    "row",
    [
        {**HUMANEVAL, "entry_point": "__class__"},
        {**HUMANEVAL, "entry_point": "add;import os"},
        {**HUMANEVAL, "entry_point": ["add"]},
    ],
    ids=["dunder", "statement", "list"],
)
def test_a_function_under_test_has_a_plain_name(tmp_path: Path, row: dict[str, Any]) -> None:
    """A name that no program would give its function is refused with its line."""
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n")
    with pytest.raises(BadInput, match=r"rows\.jsonl:1: the function under test: .* is no plain name"):
        prepare.run(prepare_config(tmp_path, benchmarks={"own": rows_at("rows.jsonl")}, limit=5), context(tmp_path))


def test_a_number_that_python_cannot_write_is_refused() -> None:
    """A literal with more digits than Python turns into text is in no program that could be kept."""
    with pytest.raises(ValueError, match="digits"):
        taken(f"assert f(0x{'f' * 9000}) == 1")
