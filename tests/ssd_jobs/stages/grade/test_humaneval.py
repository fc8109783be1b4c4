"""HumanEval's own solutions pass, all 164 of them, and what differs from them does not."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox import humaneval
from ssd_jobs.sandbox.client import Client
from ssd_jobs.stages.grade import Job
from ssd_jobs.stages.grade.grading import grade_jobs
from ssd_jobs.stages.prepare.sources.problem import Problem

HARD = (2, 4, 8, 16, 25, 31, 32, 33, 37, 38, 44, 50, 52, 53, 56, 61, 75, 90, 95, 108, 151)
"""Those with assertions that are no literals; all others are alike."""
OFF = """

def _off(value):
    if isinstance(value, bool) or value is None:
        return not value
    if isinstance(value, (int, float)):
        return value + 1
    if isinstance(value, str):
        return value + "x"
    if isinstance(value, dict):
        return {**value, "x": 0}
    if isinstance(value, tuple):
        return (*value, 0)
    return [*value, 0]

def _changed(plain):
    return lambda *arguments: _off(plain(*arguments))

NAME = _changed(NAME)
"""


def right(problem: Problem) -> str:
    """The solution of the benchmark's authors."""
    return problem.reference


def off_by_one(problem: Problem) -> str:
    """The same, whose results are all a little different."""
    return problem.reference + OFF.replace("NAME", problem.entry_point)


def raising(problem: Problem) -> str:
    """The same, which raises an error in the place of a result."""
    return f"{problem.reference}\n\ndef {problem.entry_point}(*_):\n    raise ValueError('no')\n"


def empty(_: Problem) -> str:
    """A program that defines nothing."""
    return "pass"


def passed(client: Client, folder: Path, numbers: tuple[int, ...] | range, write: Callable[[Problem], str]) -> set[str]:
    """Return the problems whose programs pass."""
    found = humaneval.problems(folder, numbers)
    tests = humaneval.graded(client, found)
    jobs = [Job(each.problem_id, tests[each.problem_id], write(each)) for each in found]
    verdicts = list(grade_jobs(client, jobs, mode="Process", limits=humaneval.LIMITS))
    assert len(verdicts) == len(numbers)
    assert not [verdict for _, verdict in verdicts if verdict.is_infra]
    return {job.key for job, verdict in verdicts if verdict.passed}


EITHER = pytest.mark.parametrize(
    "numbers", [HARD, pytest.param(range(164), marks=pytest.mark.endurance)], ids=["hard", "all"]
)


@EITHER
def test_every_canonical_solution_passes(sandbox: Client, tmp_path: Path, numbers: tuple[int, ...] | range) -> None:
    """No problem is left out, and the solution of each passes all of its assertions."""
    assert passed(sandbox, tmp_path, numbers, right) == {f"HumanEval/{number}" for number in numbers}


@EITHER
@pytest.mark.parametrize("mutant", [off_by_one, raising, empty])
def test_no_mutated_solution_passes(
    sandbox: Client, tmp_path: Path, numbers: tuple[int, ...] | range, mutant: Callable[[Problem], str]
) -> None:
    """A solution whose results are a little off, or that gives none, fails at every problem."""
    assert passed(sandbox, tmp_path, numbers, mutant) == set()
