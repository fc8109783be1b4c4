"""Laws of time-outs on many workers: only what no neighbour can have caused is believed without a run alone."""

import dataclasses
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.fake import HELLO, answer, fake_sandbox, outcome
from ssd_jobs.sandbox.frames import Channel
from ssd_jobs.sandbox.protocol import Limits, Outcome, Program
from ssd_jobs.stages.grade.endless import PATIENCE, pays
from ssd_jobs.stages.grade.grading import Job, grade_jobs
from ssd_jobs.stages.grade.verdicts import ProblemTests, Test, Verdict, VerdictKind

LIMITS = Limits(cpu_seconds=1.0, wall_seconds=5.0, memory_mb=64, output_mb=1)
TESTS = ProblemTests(kind="stdin", entry_point="", tests=(Test("", ""), Test("late", "")))
WORKERS = 16


def graded(path: Path, needed: float, *, slowdown: float, programs: int) -> tuple[list[Verdict], list[float], int]:
    """Grade programs that need so much processor time, and more in company; return verdicts, limits and runs alone.

    Company is whatever came before the runs alone, which are the ones that another run does not overlap.
    """
    lock, seen, alone = threading.Lock(), list[float](), [0]
    firsts = programs * 2

    def serve(channel: Channel, program: Program) -> None:
        def reply(data: bytes) -> Outcome:
            if data != b"late":
                return outcome()
            with lock:
                seen.append(program.limits.cpu_seconds)
                company = len(seen) <= firsts
                alone[0] += not company
            used = needed * (slowdown if company else 1.0)
            late = used >= program.limits.cpu_seconds
            return outcome(cpu_seconds=min(used, program.limits.cpu_seconds), killed="cpu" if late else "")

        answer(channel, reply)

    hello = dataclasses.replace(HELLO, workers=WORKERS)
    with fake_sandbox(path, serve, hello=lambda: hello) as client:
        jobs = [Job(number, TESTS, "program") for number in range(programs)]
        verdicts = [verdict for _, verdict in grade_jobs(client, jobs, mode="Process", limits=LIMITS)]
    return verdicts, seen, alone[0]


def test_programs_that_never_end_are_not_run_alone(tmp_path: Path) -> None:
    """Each has two runs beside others, the second with more time; its verdict and reason are those of the first."""
    verdicts, limits, alone = graded(tmp_path / "s", 1e9, slowdown=1.0, programs=12)
    assert {verdict.kind for verdict in verdicts} == {VerdictKind.TLE}
    assert all(verdict.rerun and verdict.failed_test == 1 for verdict in verdicts)
    assert {verdict.reason for verdict in verdicts} == {"used 1.0 s of CPU, the limit is 1 s"}
    assert (sorted(limits), alone) == ([1.0] * 12 + [PATIENCE * 1.0] * 12, 0)


@pytest.mark.parametrize(("needed", "passes"), [(0.9, True), (1.2, False)], ids=["the neighbours'", "their own"])
def test_programs_that_end_with_more_time_are_judged_alone(tmp_path: Path, needed: float, passes: bool) -> None:
    """Three times as slow in company, they are late; alone it shows whose doing that was."""
    verdicts, _, alone = graded(tmp_path / "s", needed, slowdown=3.0, programs=12)
    assert {verdict.passed for verdict in verdicts} == {passes}
    assert all(verdict.rerun for verdict in verdicts)
    assert alone == 12


@given(programs=st.integers(0, 300), workers=st.integers(1, 128))
def test_waiting_longer_is_chosen_where_it_is_shorter(programs: int, workers: int) -> None:
    """It is never chosen for few workers, always for as many programs as many workers have, and saves time."""
    if workers <= PATIENCE or programs <= PATIENCE:
        assert not pays(programs, workers)
    if pays(programs, workers):
        busy = [len(range(first, programs, workers)) for first in range(workers)]
        assert max(busy) * PATIENCE < programs
    assert pays(workers, workers) is (workers > PATIENCE)
