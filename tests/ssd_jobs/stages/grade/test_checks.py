"""Assertions of a benchmark are out of the reach of the program that they are about."""

import random

import pytest

from sandbox.grading import grade_program
from ssd_jobs.programs.checking import BenchmarkCheck
from ssd_jobs.sandbox import serial
from ssd_jobs.sandbox.client import Client
from ssd_jobs.sandbox.protocol import Limits
from ssd_jobs.stages.grade import ProblemTests, VerdictKind

LIMITS = Limits(cpu_seconds=6, wall_seconds=60, memory_mb=256, output_mb=1)
CALLS = tuple(serial.tagged([(number,), {}]).decode() for number in (2, 9))
ROOT = BenchmarkCheck(
    entry_point="root",
    reference="def root(x):\n    return x ** 0.5\n",
    check="def check(candidate):\n    for x in (2, 9):\n        assert abs(candidate(x) - x ** 0.5) < 1e-6\n",
    calls=CALLS,
)
PROBLEM = ProblemTests("functional", "root", (), ROOT)

HOSTILE = {
    "abs": "import builtins\nbuiltins.abs = lambda x: 0\nabs = lambda x: 0\ndef root(x):\n    return 0",
    "assertion error": "import builtins\nbuiltins.AssertionError = type('E', (), {})\ndef root(x):\n    return 0",
    "equals everything": """
class Yes(float):
    __sub__ = __rsub__ = __abs__ = lambda *_: Yes()
    __lt__ = __gt__ = __eq__ = lambda *_: True
    __hash__ = None
def root(x):
    return Yes()
""",
    "not a number": "def root(x):\n    return float('nan')",
    "the serialiser": """
import sys
serial = sys.modules['ssd_jobs.sandbox.serial']
serial.tagged = lambda *_: b'held'
serial.untagged = lambda *_: ([1], {})
def root(x):
    return 0
""",
    "held": "import os\nos.write(1, b'held')\nos.write(3, b'held')\nos._exit(0)",
    "code as a value": 'import os\nos.write(3, b\'{"__import__": ["os"]}\')\nos._exit(0)',
    "a tag of its own": 'import os\nos.write(3, b\'{"tuple": [], "dict": []}\')\nos._exit(0)',
    "no end of brackets": "import os\nos.write(3, b'[' * 10**6)\nos._exit(0)",
    "too many digits": "def root(x):\n    return 10 ** 4200",
    "draws": "import random\nrandom.seed = lambda *_: None\nrandom.random = lambda: 0\ndef root(x):\n    return 0",
    "the check's own name": "def check(candidate):\n    pass\ndef root(x):\n    return 0",
    "asks the frames": """
import sys
def root(x):
    frame = sys._getframe()
    while frame:
        for value in [*frame.f_locals.values(), *frame.f_globals.values()]:
            if 'abs(' + 'candidate' in str(value)[:10**5]:
                return x ** 0.5
        frame = frame.f_back
    return 0
""",
    "right once": "def root(x):\n    return 3.0",
}
RIGHT = {
    "plain": "def root(x):\n    return x ** 0.5",
    "from math": "def root(x):\n    return math.sqrt(x)",
    "numpy": "import numpy\ndef root(x):\n    return numpy.sqrt(x)",
    "prints": "print('loaded')\ndef root(x):\n    print(x)\n    return x ** 0.5",
    "in a main guard": "def root(x):\n    return x ** 0.5\nif __name__ == '__main__':\n    print(input())",
    "a subclass": "class F(float):\n    pass\ndef root(x):\n    return F(x ** 0.5)",
    "close": "def root(x):\n    return x ** 0.5 + 1e-8",
}


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_program_reaches_the_assertions(sandbox: Client, source: str) -> None:
    """Whatever a program does to its own names, values and output, the assertions see only what it returned."""
    verdict = grade_program(sandbox, PROBLEM, source, mode="Process", limits=LIMITS)
    assert verdict.kind in (VerdictKind.WRONG, VerdictKind.RTE), verdict
    assert (verdict.failed_test, verdict.tests_total) == (0, 1)


@pytest.mark.parametrize("source", RIGHT.values(), ids=RIGHT.keys())
def test_an_odd_but_right_program_passes(sandbox: Client, source: str) -> None:
    """What a check lets pass in Python passes here, in both modes."""
    for mode in ("Process", "LCB"):
        verdict = grade_program(sandbox, PROBLEM, source, mode=mode, limits=LIMITS)
        assert verdict.passed, verdict


def test_a_check_with_draws_sees_the_same_ones(sandbox: Client) -> None:
    """A check that draws its inputs asks for the calls that were recorded, and for no others."""
    check = "import random\ndef check(candidate):\n    x = random.random()\n    assert candidate(x) == x ** 0.5\n"
    call = serial.tagged([(random.Random(0).random(),), {}]).decode()
    for calls, passes in (((call,), True), (CALLS[:1], False)):
        problem = ProblemTests("functional", "root", (), BenchmarkCheck("root", ROOT.reference, check, calls))
        assert grade_program(sandbox, problem, ROOT.reference, mode="Process", limits=LIMITS).passed == passes
