"""The parts of a benchmark with a sweep: disjoint, exact in every difficulty, and nobody can draw again."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configs.parts import TOY, rows_at
from configs.prepare import benchmark_part, prepare_config
from ssd_jobs import artifacts, contract
from ssd_jobs.artifacts import tables
from ssd_jobs.contract import files
from ssd_jobs.errors import BadInput
from ssd_jobs.stages.prepare import split
from ssd_jobs.stages.prepare import stage as prepare
from ssd_jobs.stages.prepare.sources.problem import Problem
from workspaces.sampling import context

DIFFICULTIES = st.sampled_from(["easy", "medium", "hard", ""])
PROBLEMS = st.lists(DIFFICULTIES, min_size=8, max_size=60).map(
    lambda names: [Problem(f"p{n}", f"Print {n}.", difficulty=name) for n, name in enumerate(names)]
)


def members(
    problems: list[Problem], purpose: contract.Purpose, share: float = 0.5, *, name: str = "b", apart: Any = frozenset()
) -> frozenset[str]:
    """Return who is in a part."""
    part = benchmark_part(name, "3", TOY, split=contract.Split(purpose=purpose, share=share))
    return split.members(part, problems, apart)


@settings(max_examples=60, deadline=None)
@given(problems=PROBLEMS, share=st.sampled_from([0.3, 0.5, 0.7]))
def test_the_parts_are_disjoint_and_exact_in_every_difficulty(problems: list[Problem], share: float) -> None:
    """Every problem is in one part, and of each difficulty the share, rounded, is there to select on."""
    select, report = (members(problems, purpose, share) for purpose in ("Select", "Report"))
    assert select | report == {each.problem_id for each in problems}
    assert not select & report
    for difficulty in {each.difficulty for each in problems}:
        inside = {each.problem_id for each in problems if each.difficulty == difficulty}
        assert abs(len(inside & select) - share * len(inside)) <= 0.5


@settings(max_examples=30, deadline=None)
@given(problems=PROBLEMS, data=st.data())
def test_nobody_can_draw_again(problems: list[Problem], data: st.DataObject) -> None:
    """Neither the order of the rows nor the benchmark's name changes who is in a part."""
    before = members(problems, "Select")
    assert members(data.draw(st.permutations(problems)), "Select", name="another") == before


def test_a_larger_share_holds_a_smaller_one() -> None:
    """The rank decides: a problem to select on stays one when the share grows."""
    problems = [Problem(f"p{n}", f"Print {n}.") for n in range(40)]
    assert members(problems, "Select", 0.2) < members(problems, "Select", 0.6)


def test_a_statement_under_two_names_is_not_in_both_parts() -> None:
    """What is selected on under one name is not reported on under another."""
    problems = [Problem(f"p{n}", f"Print {n}.") for n in range(20)]
    twins = [replace(each, problem_id=f"{each.problem_id}-again") for each in problems]
    statements = {each.problem_id: each.statement for each in problems + twins}
    select, report = (members(problems + twins, purpose) for purpose in ("Select", "Report"))
    assert not {statements[each] for each in select} & {statements[each] for each in report}
    assert len(select) == 20


def test_an_empty_part_is_refused() -> None:
    """A share that leaves nothing to report on is named with its remedy."""
    with pytest.raises(
        BadInput, match=r"^evaluation\.benchmarks\[b\]\.selectShare: 0\.9 of 1 problems leaves none to r"
    ):
        members([Problem("p", "Print 1.")], "Report", 0.9)


def test_both_parts_are_made_of_the_toy(tmp_path: Path) -> None:
    """Problems, prompts and tests of a part are those of its members, and together they are the benchmark."""
    splits = [contract.Split(purpose=purpose, share=0.25) for purpose in ("Select", "Report")]
    parts = [
        benchmark_part(f"toy-{each.purpose.lower()}", str(place), TOY, split=each, benchmark="toy")
        for place, each in enumerate(splits, start=3)
    ]
    config = prepare_config(tmp_path, limit=5).model_copy(update={"benchmarks": tuple(parts)})
    digests = prepare.run(config, context(tmp_path)).digests
    assert {"toy-select", "toy-report"} < digests.keys()
    found = []
    for part in parts:
        problems, tests = (artifacts.open_artifact(tmp_path / path) for path in (part.output, part.tests_output))
        ids = set(problems.table(files.PROBLEMS, tables.PROBLEMS)["problem_id"].to_pylist())
        assert set(problems.table(files.PROMPTS, tables.PROMPTS)["problem_id"].to_pylist()) == ids
        assert set(tests.table(files.TESTS, tables.TESTS)["problem_id"].to_pylist()) == ids
        found.append(len(ids))
    assert found == [40, 120]


def test_what_another_benchmark_has_is_not_reported_on(tmp_path: Path) -> None:
    """With selectFrom all problems are reported but those whose statement settings are selected on."""
    rows = '{"id": "%s", "statement": "%s", "tests": [{"input": "1", "output": "1"}]}\n'
    (tmp_path / "one.jsonl").write_text("".join(rows % (f"a{n}", f"Print {n}.") for n in range(4)))
    (tmp_path / "two.jsonl").write_text("".join(rows % (f"b{n}", f"Print  {n}.") for n in range(2, 9)))
    one = benchmark_part("one", "3", rows_at("one.jsonl"))
    apart = contract.Split(purpose="Report", share=0)
    two = benchmark_part("two-report", "4", rows_at("two.jsonl"), split=apart, benchmark="two", apart_from=one.output)
    config = prepare_config(tmp_path, limit=5).model_copy(update={"benchmarks": (one, two)})
    prepare.run(config, context(tmp_path))
    table = artifacts.open_artifact(tmp_path / two.output).table(files.PROBLEMS, tables.PROBLEMS)
    assert table["problem_id"].to_pylist() == ["b4", "b5", "b6", "b7", "b8"]
