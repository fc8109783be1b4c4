"""Grading programs: tests cheap-first, stop at the first failure, and nobody else's trouble in a verdict.

A program runs beside others first. A time-out, and any failure of the sandbox, is then tried once more with
nothing beside it: what fails alone again is the program's own doing. Of many time-outs on many workers, those that no
neighbour can have caused are found beside others (`endless.py`). Only when the sandbox neither answers nor goes down is
the result `infra_error`, which says nothing about the program and must not be counted.
"""

import itertools
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Generic, TypeVar

from ssd_jobs.errors import BadInput
from ssd_jobs.sandbox.client import Client, Lines, SandboxDown, SandboxFailure
from ssd_jobs.sandbox.protocol import Limits, Mode, NotCompiled, Program
from ssd_jobs.stages.grade import checks, endless
from ssd_jobs.stages.grade.verdicts import ProblemTests, Verdict, VerdictKind, judge

__all__ = ["BATCH", "Job", "batched", "grade_batches", "grade_jobs"]

SIGKILL = 9
ALONE_ATTEMPTS = 3
BATCH = 256
K = TypeVar("K")
"""What the caller finds a job by."""
UNSURE = {VerdictKind.TLE, VerdictKind.MLE, VerdictKind.INFRA_ERROR}


@dataclass(frozen=True, slots=True)
class Job(Generic[K]):
    """One completion's program (None: it has none) and the problem it is for; `key` is the caller's."""

    key: K
    problem: ProblemTests
    source: str | None
    spoiled: bool = False
    """The program is a copy that was made to fail; no verdict on it is the caller's."""


def grade_jobs(
    client: Client, jobs: Iterable[Job[K]], *, mode: Mode, limits: Limits
) -> Iterator[tuple[Job[K], Verdict]]:
    """Grade programs on all workers of the sandbox; verdicts come batch by batch, in the order of the jobs."""
    for graded in grade_batches(client, batched(jobs, BATCH), mode=mode, limits=limits):
        yield from graded


def batched(jobs: Iterable[Job[K]], size: int) -> Iterator[list[Job[K]]]:
    """Cut jobs into lists of this size; the last one may be shorter."""
    waiting = iter(jobs)
    return iter(lambda: list(itertools.islice(waiting, size)), [])


def grade_batches(
    client: Client, batches: Iterable[list[Job[K]]], *, mode: Mode, limits: Limits
) -> Iterator[list[tuple[Job[K], Verdict]]]:
    """Grade batch after batch, each on all workers of the sandbox; its second runs happen before the next."""
    workers = max(1, client.hello().workers)
    with ThreadPoolExecutor(workers) as pool, client.lines() as lines:
        for batch in batches:
            firsts = list(pool.map(partial(_attempt, lines, mode=mode, limits=limits), batch))
            graded = list(zip(batch, firsts, strict=True))
            sure = _endless(pool, workers, lines, graded, mode, limits)
            if any(first.kind in UNSURE for number, first in enumerate(firsts) if number not in sure):
                # Each connection holds a worker, and second runs want to be alone.
                lines.close()
            yield [
                (job, replace(first, rerun=True) if number in sure else _again(client, job, first, mode, limits))
                for number, (job, first) in enumerate(graded)
            ]


def _endless(
    pool: ThreadPoolExecutor,
    workers: int,
    lines: Lines,
    graded: list[tuple[Job[K], Verdict]],
    mode: Mode,
    limits: Limits,
) -> set[int]:
    """Return the numbers of those whose time-out needs no run alone; the official grader's clock is another."""
    late = [number for number, (_, first) in enumerate(graded) if first.kind is VerdictKind.TLE and mode == "Process"]
    if not endless.pays(len(late), workers):
        return set()

    waited = endless.patient(limits)

    def goes_on(number: int) -> bool:
        job, first = graded[number]
        only = replace(job, problem=endless.failed_only(job.problem, first))
        return endless.is_endless(_attempt(lines, only, mode, waited), waited)

    return {number for number, sure in zip(late, pool.map(goes_on, late), strict=True) if sure}


def _attempt(sessions: Client | Lines, job: Job[Any], mode: Mode, limits: Limits) -> Verdict:
    """Grade once; a failure of the sandbox is an `infra_error`."""
    try:
        return _once(sessions, job, mode, limits)
    except SandboxFailure as error:
        return _verdict(job.problem, VerdictKind.INFRA_ERROR, str(error))


def _again(client: Client, job: Job[Any], first: Verdict, mode: Mode, limits: Limits) -> Verdict:
    """Return a sure verdict: an unsure one is replaced by a run alone."""
    if first.kind not in UNSURE:
        return first
    down = first.kind is VerdictKind.INFRA_ERROR
    reason = first.reason
    for _ in range(ALONE_ATTEMPTS):
        generation = client.hello().generation
        try:
            return replace(_once(client, job, mode, limits), rerun=first.kind is VerdictKind.TLE)
        except SandboxDown as error:
            signal = error.signal or _death_since(client, generation)
            if down and signal:
                return _own_fault(job.problem, signal)
            down, reason = True, str(error)
        except SandboxFailure as error:
            reason = str(error)
    return _verdict(job.problem, VerdictKind.INFRA_ERROR, reason)


def _death_since(client: Client, generation: int) -> int:
    """Return the signal that ended the server of that generation, 0 when it still runs or ended by itself."""
    hello = client.hello()
    return hello.previous_signal if hello.generation > generation else 0


def _own_fault(problem: ProblemTests, signal: int) -> Verdict:
    """Return the verdict of a program that takes the sandbox down even when it runs alone."""
    kind = VerdictKind.MLE if signal == SIGKILL else VerdictKind.RTE
    return _verdict(problem, kind, f"takes the sandbox down when run alone: its process ended by signal {signal}")


def _once(sessions: Client | Lines, job: Job[Any], mode: Mode, limits: Limits) -> Verdict:
    """Run a program's tests until one fails."""
    problem = job.problem
    if not problem.total:
        raise BadInput("a problem without tests cannot be graded; leave it out or give it a test")
    if job.source is None:
        return _verdict(problem, VerdictKind.NO_CODE, "the completion holds no program")
    program = Program(source=job.source, mode=mode, kind=problem.kind, entry_point=problem.entry_point, limits=limits)
    try:
        verdict = _run_tests(sessions, problem, program) if problem.tests else _verdict(problem, VerdictKind.PASS, "")
        if problem.check is None or not verdict.passed:
            return verdict
        return checks.checked(sessions, problem.check, program, verdict)
    except NotCompiled as error:
        return _verdict(problem, VerdictKind.COMPILE_ERROR, str(error))


def _run_tests(sessions: Client | Lines, problem: ProblemTests, program: Program) -> Verdict:
    """Run a program on one test after another, and stop at the first that fails."""
    cpu = wall = 0.0
    run = 0
    failed, kind, reason = -1, VerdictKind.PASS, ""
    with sessions.session(program, only=len(problem.tests) == 1) as session:
        for index in _order(problem, program.mode):
            test = problem.tests[index]
            outcome = session.run(test.input.encode("utf-8", "surrogatepass"))
            run, cpu, wall = run + 1, cpu + outcome.cpu_seconds, wall + outcome.wall_seconds
            kind, reason = judge(outcome, test, program)
            if kind is not VerdictKind.PASS:
                failed = index
                break
    return Verdict(
        kind=kind, reason=reason, failed_test=failed, tests_run=run, tests_total=problem.total, cpu_s=cpu, wall_s=wall
    )


def _order(problem: ProblemTests, mode: Mode) -> list[int]:
    """Return test indexes, small inputs first; the official runner keeps the source's order."""
    indexes = range(len(problem.tests))
    return list(indexes) if mode == "LCB" else sorted(indexes, key=lambda index: len(problem.tests[index].input))


def _verdict(problem: ProblemTests, kind: VerdictKind, reason: str) -> Verdict:
    return Verdict(kind=kind, reason=reason, tests_total=problem.total)
