"""Hostile programs: none passes, none changes what a neighbour gets, and the grader grades on."""

import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.attacks import COMPILE_BOMBS, DONE, HOSTILE, Hostile
from sandbox.grading import grade_program
from sandbox.programs import SUM, SUM_FUNCTION
from ssd_jobs.sandbox.client import Client
from ssd_jobs.sandbox.protocol import Limits
from ssd_jobs.stages.grade import ProblemTests, Test, VerdictKind

LIMITS = Limits(cpu_seconds=0.5, wall_seconds=60, memory_mb=256, output_mb=1)
PATIENT = Limits(cpu_seconds=6, wall_seconds=60, memory_mb=256, output_mb=1)
SUM_ONCE = ProblemTests("stdin", "", SUM.tests[1:2])
GOOD = "input()\nprint(sum(map(int, input().split())))"


def _lives(client: Client) -> None:
    """Assert that a correct program still passes, in the server that was there before."""
    assert grade_program(client, SUM, GOOD, mode="Process", limits=PATIENT).passed


@pytest.mark.parametrize("attack", HOSTILE, ids=lambda attack: attack.name)
def test_no_attack_passes(each_sandbox: Client, attack: Hostile) -> None:
    """An attack gets its own failing verdict, the server survives it, and the next program is graded right."""
    before = each_sandbox.hello().generation
    limits = replace(LIMITS, wall_seconds=attack.wall, cpu_seconds=attack.cpu)
    verdict = grade_program(each_sandbox, SUM, DONE + attack.body, mode="Process", limits=limits)
    assert verdict.kind in attack.kinds, verdict
    assert each_sandbox.hello().generation == before
    _lives(each_sandbox)


@pytest.mark.parametrize("attack", HOSTILE, ids=lambda attack: attack.name)
def test_no_attack_passes_where_one_fork_compiles_and_runs(sandbox: Client, attack: Hostile) -> None:
    """A program with one test is compiled behind the walls; no attack gains by it, and the server survives."""
    before = sandbox.hello().generation
    limits = replace(LIMITS, wall_seconds=attack.wall, cpu_seconds=attack.cpu)
    verdict = grade_program(sandbox, SUM_ONCE, DONE + attack.body, mode="Process", limits=limits)
    assert verdict.kind in attack.kinds, verdict
    assert sandbox.hello().generation == before


@pytest.mark.parametrize("attack", HOSTILE, ids=lambda attack: attack.name)
def test_no_attack_passes_in_process(sandbox: Client, attack: Hostile) -> None:
    """The same programs fail under the official semantics too, and the server survives them."""
    before = sandbox.hello().generation
    verdict = grade_program(sandbox, SUM, DONE + attack.body, mode="LCB", limits=LIMITS)
    assert not verdict.passed, verdict
    assert not verdict.is_infra, verdict
    assert sandbox.hello().generation == before


@pytest.mark.parametrize("source", COMPILE_BOMBS.values(), ids=COMPILE_BOMBS.keys())
@pytest.mark.parametrize("mode", ["Process", "LCB"])
@pytest.mark.parametrize("problem", [SUM, SUM_ONCE], ids=["three tests", "one test"])
def test_compiling_hostile_text_is_bounded(sandbox: Client, mode: str, source: str, problem: ProblemTests) -> None:
    """Text made to break the compiler gets a verdict of its own and leaves the server alone."""
    before = sandbox.hello().generation
    verdict = grade_program(sandbox, problem, source, mode=mode, limits=LIMITS)  # type: ignore[arg-type]
    assert not verdict.passed
    assert not verdict.is_infra, verdict
    assert sandbox.hello().generation == before


@pytest.mark.parametrize("family", ["tcp", "unix", "abstract", "datagram"])
def test_no_program_reaches_a_listener(each_sandbox: Client, tmp_path: Path, family: str) -> None:
    """A listener on the loopback, a path or an abstract name sees no connection from a program."""
    kind = socket.AF_INET if family == "tcp" else socket.AF_UNIX
    type_ = socket.SOCK_DGRAM if family == "datagram" else socket.SOCK_STREAM
    path = str(tmp_path / "s")
    address: object = {"tcp": ("127.0.0.1", 0), "abstract": f"\0{tmp_path}"}.get(family, path)
    with socket.socket(kind, type_) as listener:
        listener.bind(address)  # type: ignore[arg-type]
        if type_ == socket.SOCK_STREAM:
            listener.listen()
        listener.setblocking(False)
        target = listener.getsockname()
        attempt = f"""
import ctypes, socket
target = {target!r}
try:
    socket.socket({int(kind)}, socket.SOCK_STREAM).connect(target)
    done()
except OSError:
    pass
try:
    socket.socketpair()[0].connect(target)
    done()
except (OSError, TypeError):
    pass
for flags in (0, socket.SOCK_CLOEXEC, socket.SOCK_NONBLOCK):
    try:
        socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM | flags)[0].sendto(b'x', target)
        done()
    except (OSError, TypeError):
        pass
"""
        verdict = grade_program(each_sandbox, SUM, DONE + attempt, mode="Process", limits=LIMITS)
        assert verdict.kind is VerdictKind.WRONG, verdict
        with pytest.raises(BlockingIOError):
            listener.accept() if type_ == socket.SOCK_STREAM else listener.recv(1)


@pytest.mark.parametrize("mode", ["Process", "LCB"])
def test_no_state_is_kept_between_tests(sandbox: Client, mode: str) -> None:
    """A program that counts its runs in every place it can reach finds each test to be its first."""
    source = """
import builtins, os, random, sys
count = 0
for place in (builtins, os, random, sys):
    count = max(count, getattr(place, 'seen', 0))
count = count + 1
for place in (builtins, os, random, sys):
    place.seen = count
print(count)
"""
    problem = ProblemTests("stdin", "", (Test("a\n", "1\n"), Test("a\n", "1\n"), Test("a\n", "2\n")))
    verdict = grade_program(sandbox, problem, source, mode=mode, limits=LIMITS)  # type: ignore[arg-type]
    assert verdict.kind is VerdictKind.WRONG
    assert verdict.failed_test == 2
    assert verdict.tests_run == 3


def test_the_exit_status_counts_in_a_real_process_only(sandbox: Client) -> None:
    """A right answer with a failing exit status is `rte` in Process; the official runner ignores the status."""
    source = GOOD + "\nraise SystemExit(3)"
    assert grade_program(sandbox, SUM, source, mode="Process", limits=LIMITS).kind is VerdictKind.RTE
    assert grade_program(sandbox, SUM, source, mode="LCB", limits=LIMITS).passed


FUNCTIONAL = {
    "equals everything": "class Y:\n    def __eq__(self, o):\n        return True\nR = Y()",
    "number that equals everything": "class Y(int):\n    def __eq__(self, o):\n        return True\nR = Y(3)",
    "list that equals everything": "class Y(list):\n    def __eq__(self, o):\n        return True\nR = Y([3])",
    "json that lies": "import json\njson.dumps = lambda *a, **k: '{'\nR = 6",
    "writes its own answer": "import os\nos.write(3, b'6')\nR = 7",
    "deep": "R = []\nfor _ in range(10**5):\n    R = [R]",
    "endless": "class Y(list):\n    def __iter__(self):\n        while True:\n            yield 1\nR = Y([1])",
    "itself": "R = []\nR.append(R)",
    "surrogate": "R = '\\ud800'",
    "nan": "R = float('nan')",
    "set": "R = {6}",
    "long": "R = 'x' * (1 << 21)",
    "nothing": "R = None",
    "exits": "import os\nos._exit(0)",
    "exits later": "import os, atexit\natexit.register(os._exit, 0)\nR = 5",
}


@pytest.mark.parametrize("body", FUNCTIONAL.values(), ids=FUNCTIONAL.keys())
@pytest.mark.parametrize("mode", ["Process", "LCB"])
def test_no_result_object_fools_the_comparison(sandbox: Client, mode: str, body: str) -> None:
    """Whatever object a function returns, only its data is compared, outside."""
    source = f"{body}\nclass Solution:\n    def total(self, values):\n        return R\n"
    verdict = grade_program(sandbox, SUM_FUNCTION, source, mode=mode, limits=LIMITS)  # type: ignore[arg-type]
    assert not verdict.passed, verdict
    assert not verdict.is_infra, verdict


def test_a_greedy_neighbour_changes_no_verdict(each_sandbox: Client) -> None:
    """Beside programs that burn all cores, memory and output, an honest program passes within its own limits."""
    greedy = (
        "import threading\ndef burn():\n    while True:\n        sum(range(10**5))\n"
        "for _ in range(50):\n    threading.Thread(target=burn).start()",
        "x = []\nwhile True:\n    x.append(bytearray(10**6))",
        "while True:\n    print('x' * 10**5)",
    )
    honest = GOOD + "\nsum(range(10**6))"
    with ThreadPoolExecutor(2) as pool:
        for source in greedy:
            beside = pool.submit(grade_program, each_sandbox, SUM, source, mode="Process", limits=LIMITS)
            verdict = grade_program(each_sandbox, SUM, honest, mode="Process", limits=PATIENT)
            assert verdict.passed, verdict
            assert not beside.result().passed


def test_a_program_cannot_lock_out_the_grader(tmp_path: Path, each_sandbox: Client) -> None:
    """A program that knows the socket's path can neither change its mode nor remove it."""
    source = f"""
import os
for change in (lambda: os.chmod({str(each_sandbox.path)!r}, 0), lambda: os.unlink({str(each_sandbox.path)!r})):
    try:
        change()
        done()
    except OSError:
        pass
"""
    assert grade_program(each_sandbox, SUM, DONE + source, mode="Process", limits=LIMITS).kind is VerdictKind.WRONG
    _lives(each_sandbox)


def test_a_reason_is_safe_to_print(sandbox: Client) -> None:
    """What a program writes to stderr reaches a reason as one short printable line."""
    source = "import sys\nsys.stderr.write('\\x1b[2J\\u202e' + 'x' * 5000)\nsys.exit(1)"
    verdict = grade_program(sandbox, SUM, source, mode="Process", limits=LIMITS)
    assert verdict.reason.isprintable()
    assert len(verdict.reason) < 300
