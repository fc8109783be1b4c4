"""Laws of the toy problems."""

import contextlib
import io
import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from populations.toys import recipe_of
from ssd_jobs.toy import solutions, tasks

POOL = tasks.problems(4000)
BENCHMARK = tasks.benchmark(160)


def run(problem: tasks.ToyProblem, code: str, text: str) -> str:
    """What a program answers to an input, in the shape of the test's output."""
    names: dict[str, Any] = {"input": lambda: text}
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        exec(code, names)
    if problem.kind == "stdin":
        return shown.getvalue()
    return json.dumps(names["Solution"]().solve(*json.loads(text)))


def test_the_pool_is_large_and_has_no_statement_twice() -> None:
    """4,000 problems are 4,000 different statements and ids."""
    assert len({problem.statement for problem in POOL}) == len({problem.id for problem in POOL}) == len(POOL) == 4000


@given(st.integers(0, 50), st.integers(0, 50))
@settings(max_examples=20, deadline=None)
def test_no_pool_shares_a_problem_with_any_benchmark(pool_seed: int, benchmark_seed: int) -> None:
    """Whatever the seeds, pool and benchmark are disjoint."""
    pool = {problem.statement for problem in tasks.problems(300, seed=pool_seed)}
    assert pool.isdisjoint(problem.statement for problem in tasks.benchmark(100, seed=benchmark_seed))


def test_the_benchmark_has_all_difficulties_and_kinds() -> None:
    """Difficulties come in turn and both kinds are frequent."""
    levels = [problem.difficulty for problem in BENCHMARK]
    assert levels[:6] == ["easy", "medium", "hard"] * 2
    assert 60 < sum(problem.kind == "functional" for problem in BENCHMARK) < 100


@pytest.mark.parametrize("make", [tasks.problems, tasks.benchmark], ids=["pool", "benchmark"])
def test_a_longer_call_starts_with_the_shorter_one(make: Any) -> None:
    """Counts cut a fixed sequence, so a smaller demo is a prefix of a larger one."""
    assert make(40, seed=3)[:15] == make(15, seed=3)


def test_more_than_there_is_is_a_clear_error() -> None:
    """Zero is fine; an absurd count is refused with what to do."""
    assert tasks.benchmark(0) == ()
    with pytest.raises(ValueError, match="ask for at most"):
        tasks.benchmark(10_000_000)


@pytest.mark.parametrize("problem", BENCHMARK, ids=lambda problem: problem.id)
def test_every_right_solution_passes_and_answers_differ(problem: tasks.ToyProblem) -> None:
    """Solutions in every style give the expected outputs, and no constant answer passes a problem."""
    recipe = recipe_of(problem.id)
    assert recipe.statement == problem.statement
    for seed in range(4):
        code = solutions.program(recipe, random.Random(seed))
        for case in problem.tests:
            assert run(problem, code, case.input).rstrip("\n") == case.output.rstrip("\n")
    assert len({case.output for case in problem.tests}) >= 4


def test_slips_are_as_frequent_as_asked() -> None:
    """A generator of mistakes that always slips never equals the right solution for long, one that never slips does."""
    recipe = recipe_of(BENCHMARK[0].id)
    right = solutions.completion(recipe, random.Random(1))
    assert right == solutions.completion(recipe, random.Random(1), solutions.NONE)
    wrong = solutions.Mistakes(step=1, digit=1, operator=1, reduction=1)
    assert len({solutions.completion(recipe, random.Random(seed), wrong) for seed in range(20)}) > 10
