"""Correct programs in unusual styles pass in `Process`; in `LCB` each gets what the official runner gives it."""

import pytest

from sandbox.grading import grade_program
from sandbox.limits import limits
from sandbox.programs import FUNCTIONS, STYLES, SUM, SUM_FUNCTION, Style
from ssd_jobs.sandbox.client import Client
from ssd_jobs.sandbox.protocol import Mode
from ssd_jobs.stages.grade import ProblemTests, VerdictKind

CASES = [(SUM, style) for style in STYLES] + [(SUM_FUNCTION, style) for style in FUNCTIONS]
LIMITS = limits(cpu_seconds=6, wall_seconds=30, memory_mb=512)


@pytest.mark.parametrize(("problem", "style"), CASES, ids=[f"{p.kind}-{s.name}" for p, s in CASES])
@pytest.mark.parametrize("mode", ["Process", "LCB"])
def test_each_style_gets_the_verdict_of_its_mode(
    sandbox: Client, problem: ProblemTests, style: Style, mode: Mode
) -> None:
    """A mode's verdict on a style is the one that its table lists."""
    verdict = grade_program(sandbox, problem, style.source, mode=mode, limits=LIMITS)
    assert verdict.passed == (style.official if mode == "LCB" else style.process), verdict
    assert not verdict.is_infra


def test_int_digits_differ_by_mode(sandbox: Client) -> None:
    """A number of 5,000 digits can be printed in LCB, whose runner raises the limit, and not in a plain process."""
    source = "print(10**5000 % 7 or 1)\nstr(10**5000)\nprint(sum(map(int, [input(), input()][1].split())))"
    verdicts = {mode: grade_program(sandbox, SUM, source, mode=mode, limits=LIMITS) for mode in ("Process", "LCB")}
    assert verdicts["Process"].kind is VerdictKind.RTE
    assert verdicts["LCB"].kind is VerdictKind.WRONG


def test_a_program_without_code_or_syntax(sandbox: Client) -> None:
    """No program is `no_code`; text that is not Python is `compile_error` with the parser's words."""
    assert grade_program(sandbox, SUM, None, mode="Process", limits=LIMITS).kind is VerdictKind.NO_CODE
    verdict = grade_program(sandbox, SUM, "def f(:\n", mode="Process", limits=LIMITS)
    assert verdict.kind is VerdictKind.COMPILE_ERROR
    assert "SyntaxError" in verdict.reason
