"""Programs that people wrote to break the grader: right ones pass however odd they are, hostile ones do not."""

import pytest

from sandbox.attacks import DONE
from sandbox.grading import grade_program
from sandbox.odd import FORGED, HOSTILE, RIGHT
from sandbox.programs import SUM
from ssd_jobs.sandbox.client import Client
from ssd_jobs.sandbox.protocol import Limits
from ssd_jobs.stages.grade import ProblemTests, Test

LIMITS = Limits(cpu_seconds=6, wall_seconds=60, memory_mb=512, output_mb=1)
SIX = ProblemTests("functional", "f", (Test("[]", "6"),))


@pytest.mark.parametrize(("problem", "source"), RIGHT.values(), ids=RIGHT.keys())
def test_an_odd_but_right_program_passes(sandbox: Client, problem: ProblemTests, source: str) -> None:
    """However a program reads, computes and writes, its answer counts."""
    verdict = grade_program(sandbox, problem, source, mode="Process", limits=LIMITS)
    assert verdict.passed, verdict


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_program_does_not_pass(sandbox: Client, source: str) -> None:
    """An attack fails, and the server that it was made on goes on."""
    before = sandbox.hello().generation
    verdict = grade_program(sandbox, SUM, DONE + source, mode="Process", limits=LIMITS)
    assert not verdict.passed, verdict
    assert not verdict.is_infra, verdict
    assert sandbox.hello().generation == before


@pytest.mark.parametrize("data", FORGED.values(), ids=FORGED.keys())
def test_a_forged_result_is_compared_like_any_other(sandbox: Client, data: str) -> None:
    """What a program writes in the place of a result is data, whatever it looks like."""
    source = f"import os\nos.write(3, {data})\nos._exit(0)"
    verdict = grade_program(sandbox, SIX, source, mode="Process", limits=LIMITS)
    assert not verdict.passed, verdict
    assert not verdict.is_infra, verdict


@pytest.mark.parametrize("source", ["pass", "class Solution:\n    pass", "def other(a, b):\n    return a + b"])
@pytest.mark.parametrize(("name", "arguments"), [("add", "[1, 2]"), ("Solution.add", "[1, 2]"), ("sum", "[[1, 2]]")])
def test_a_function_that_the_program_does_not_define_is_not_there(
    sandbox: Client, name: str, arguments: str, source: str
) -> None:
    """What is imported for every program, or is Python's own, is no answer of a program."""
    problem = ProblemTests("functional", name, (Test(arguments, "3"),))
    assert not grade_program(sandbox, problem, source, mode="Process", limits=LIMITS).passed
    given = f"from {'builtins' if name == 'sum' else 'operator'} import {name.rpartition('.')[2]}"
    assert grade_program(sandbox, problem, given, mode="Process", limits=LIMITS).passed
