"""An input that was asked for: the model's arguments are evaluated in one process, the given code runs in another.

What the model wrote may be any expression, so it is untrusted as a program is. Its value leaves that process as data;
then the benchmark's code is called with it where no line of the model ever was, and its result is compared as Python
compares.
"""

import json

from ssd_jobs.matching import ARGUMENTS
from ssd_jobs.programs.checking import BenchmarkCheck
from ssd_jobs.sandbox import serial
from ssd_jobs.stages.grade.verdicts import ProblemTests, Test

__all__ = ["problem_of", "program_of"]

ENTRY_POINT = "_given"
NO_ARGUMENTS = serial.tagged([(), {}]).decode()


def problem_of(test: Test) -> ProblemTests:
    """Return what a program that gives an input is graded against."""
    asked = json.loads(test.input)
    check = (
        "def check(candidate):\n"
        "    given, named = candidate()\n"
        f"    assert {asked['function']}(*given, **named) == (\n{test.output}\n)\n"
    )
    return ProblemTests(
        "functional", ENTRY_POINT, (), BenchmarkCheck(ENTRY_POINT, asked["code"], check, (NO_ARGUMENTS,))
    )


def program_of(test: Test, call: str) -> str:
    """Return the program that gives the input; the arguments may use what the given code defines."""
    code = json.loads(test.input)["code"]
    return (
        f"{code}\n\n"
        f"def {ARGUMENTS}(*given, **named):\n    return list(given), named\n\n"
        f"def {ENTRY_POINT}():\n    return {call}\n"
    )
