"""A test that is a program of the benchmark: its calls are made of the untrusted program, its assertions elsewhere.

Each call runs in a process of its own, as every test does, and what is returned leaves it as data. Then the benchmark's
check runs in another process, in which no line of the untrusted program ever was, and is told these answers.
"""

from dataclasses import replace

from ssd_jobs.programs import checking
from ssd_jobs.programs.checking import BenchmarkCheck
from ssd_jobs.sandbox.client import Client, Lines
from ssd_jobs.sandbox.protocol import Outcome, Program
from ssd_jobs.stages.grade.verdicts import Verdict, VerdictKind, ended

__all__ = ["checked"]

LONGEST_ANSWER = 1 << 20
"""Bytes of one answer: no check asks for more, and all of them are read by one process."""


def checked(sessions: Client | Lines, check: BenchmarkCheck, program: Program, verdict: Verdict) -> Verdict:
    """Return the verdict on a program that passed all tests before its check."""
    index = verdict.tests_total - 1
    verdict = replace(verdict, tests_run=verdict.tests_run + 1)
    answers, verdict = _answers(sessions, check, program, verdict)
    if verdict.passed:
        judge = Program(source=checking.JUDGE, limits=program.limits)
        with sessions.session(judge, only=True) as session:
            outcome = session.run(checking.judged(check, answers))
        verdict = _added(verdict, outcome, None if _held(outcome) else _broken(outcome))
    return verdict if verdict.passed else replace(verdict, failed_test=index)


def _answers(
    sessions: Client | Lines, check: BenchmarkCheck, program: Program, verdict: Verdict
) -> tuple[list[bytes], Verdict]:
    """Return what the program answers to the calls of the check, up to the first that it does not answer."""
    # The official runner has no such tests: whatever the mode, they run in processes.
    called = Program(source=program.source, limits=program.limits, kind="typed", entry_point=check.entry_point)
    answers: list[bytes] = []
    with sessions.session(called, only=len(check.calls) == 1) as session:
        for call in check.calls:
            outcome = session.run(call.encode())
            answers.append(outcome.returned or b"")
            failure = ended(outcome, called)
            if failure is None and len(answers[-1]) > LONGEST_ANSWER:
                failure = VerdictKind.OLE, f"an answer of more than {LONGEST_ANSWER >> 20} MB"
            verdict = _added(verdict, outcome, failure)
            if failure:
                break
    return answers, verdict


def _held(outcome: Outcome) -> bool:
    """Return whether the check came to its end."""
    return outcome.exit_code == 0 and not outcome.signal and not outcome.killed and outcome.stdout == checking.HELD


def _broken(outcome: Outcome) -> tuple[VerdictKind, str]:
    """Return why it did not."""
    return VerdictKind.WRONG, f"an assertion of the benchmark does not hold: {outcome.last_line()}"[:300]


def _added(verdict: Verdict, outcome: Outcome, failure: tuple[VerdictKind, str] | None) -> Verdict:
    """Return the verdict with the cost of one more process, and what failed in it."""
    kind, reason = failure or (verdict.kind, verdict.reason)
    cpu, wall = verdict.cpu_s + outcome.cpu_seconds, verdict.wall_s + outcome.wall_seconds
    return replace(verdict, kind=kind, reason=reason, cpu_s=cpu, wall_s=wall)
