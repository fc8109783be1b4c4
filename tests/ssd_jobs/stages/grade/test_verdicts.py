"""One test's verdict from what was observed, and the order of tests."""

from pathlib import Path

import pytest

from sandbox.fake import answer, fake_sandbox, outcome
from sandbox.grading import grade_program
from sandbox.limits import limits
from ssd_jobs.errors import BadInput
from ssd_jobs.sandbox.protocol import Mode, Outcome, Program
from ssd_jobs.stages.grade import ProblemTests, Test, VerdictKind
from ssd_jobs.stages.grade.verdicts import judge

V = VerdictKind
LIMITS = limits(cpu_seconds=2, output_mb=1)
CASES = {
    "right": ({"stdout": b"6\n"}, V.PASS),
    "wrong": ({"stdout": b"7\n"}, V.WRONG),
    "right but too slow": ({"stdout": b"6\n", "cpu_seconds": 2.0}, V.TLE),
    "clock stopped it": ({"signal": 9, "killed": "cpu", "cpu_seconds": 2.1}, V.TLE),
    "kernel stopped it": ({"signal": 24, "cpu_seconds": 1.99}, V.TLE),
    "slept": ({"signal": 9, "killed": "wall", "wall_seconds": 30.0}, V.TLE),
    "right but too much": ({"stdout": b"6\n", "truncated": True}, V.OLE),
    "too many threads": ({"signal": 9, "killed": "threads"}, V.RTE),
    "out of memory": ({"exit_code": 1, "stderr": b"Traceback\nMemoryError\n"}, V.MLE),
    "out of memory with words": ({"exit_code": 1, "stderr": b"MemoryError: no more\n"}, V.MLE),
    "killed from outside": ({"signal": 9}, V.MLE),
    "crashed": ({"signal": 11}, V.RTE),
    "right with failing status": ({"stdout": b"6\n", "exit_code": 1}, V.RTE),
    "exception": ({"exit_code": 1, "stderr": b"ValueError: x\n"}, V.RTE),
    "right with noise on stderr": ({"stdout": b"6\n", "stderr": b"MemoryError\n"}, V.PASS),
}


@pytest.mark.parametrize(("seen", "kind"), CASES.values(), ids=CASES.keys())
def test_verdict_of_one_test(seen: dict[str, object], kind: VerdictKind) -> None:
    """Limits come before status, status before output; a failing verdict has a reason."""
    verdict, reason = judge(outcome(**seen), Test("", "6\n"), Program(source="", limits=LIMITS))
    assert verdict is kind
    assert bool(reason) is (kind is not V.PASS)


def test_a_result_that_never_came_is_no_answer() -> None:
    """A functional program that ends well without a result has not returned null."""
    program = Program(source="", kind="functional", entry_point="f", limits=LIMITS)
    assert judge(outcome(returned=None), Test("[]", "null"), program)[0] is V.RTE
    assert judge(outcome(returned=b"null"), Test("[]", "null"), program)[0] is V.PASS


@pytest.mark.parametrize(("mode", "order"), [("Process", [1, 2, 0]), ("LCB", [0, 1, 2])])
def test_order_of_tests(tmp_path: Path, mode: Mode, order: list[int]) -> None:
    """Process runs small inputs first, LCB in the source's order; both stop at the first failure."""
    tests = (Test("long", "0"), Test("1", "1"), Test("22", "2"))
    outputs = {test.input.encode(): test.output.encode() for test in tests}
    asked: list[bytes] = []

    def reply(data: bytes) -> Outcome:
        asked.append(data)
        text = outputs[data] if len(asked) == 1 else b"-"
        return outcome(stdout=text, returned=text)

    with fake_sandbox(tmp_path / "s", lambda channel, _: answer(channel, reply)) as client:
        verdict = grade_program(client, ProblemTests("stdin", "", tests), "program", mode=mode, limits=LIMITS)
    assert [list(outputs).index(data) for data in asked] == order[:2]
    assert (verdict.failed_test, verdict.tests_run, verdict.tests_total) == (order[1], 2, 3)


def test_a_problem_without_tests_is_no_problem(tmp_path: Path) -> None:
    """Nothing passes by having nothing to pass."""
    problem = ProblemTests("stdin", "", ())
    with fake_sandbox(tmp_path / "s", lambda *_: None) as client, pytest.raises(BadInput, match="without tests"):
        grade_program(client, problem, "print(1)", mode="Process", limits=LIMITS)
