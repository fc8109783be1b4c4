"""Time-outs that are the program's own beyond doubt, found beside others.

A run alone has the whole machine to itself, so with many workers the runs alone of programs that never end would
take most of a stage. Neighbours cost a program processor time too, by caches, memory and a shared core, but not so
much: what goes on for `PATIENCE` times its limit beside them would not have ended within the limit alone.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from typing import Final

from ssd_jobs.sandbox.protocol import Limits
from ssd_jobs.stages.grade.verdicts import ProblemTests, Verdict, VerdictKind

__all__ = ["PATIENCE", "endless", "pays"]

PATIENCE: Final = 4
"""No neighbours make a program take so many times the processor time that it takes alone."""


def pays(programs: int, workers: int) -> bool:
    """Tell whether waiting so long for all of these at a time is shorter than a run alone of each."""
    return -(-programs // workers) * PATIENCE < programs


def endless(
    pool: Executor,
    attempts: Sequence[tuple[ProblemTests, Verdict]],
    attempt: Callable[[int, ProblemTests, Limits], Verdict],
    limits: Limits,
) -> set[int]:
    """Return which of these time-outs go on for `PATIENCE` times the limit; `attempt` runs number, tests and limits."""
    waited = replace(limits, cpu_seconds=PATIENCE * limits.cpu_seconds, wall_seconds=PATIENCE * limits.wall_seconds)

    def goes_on(number: int) -> bool:
        verdict = attempt(number, _failed_only(*attempts[number]), waited)
        return verdict.kind is VerdictKind.TLE and verdict.cpu_s >= waited.cpu_seconds

    numbers = range(len(attempts))
    return {number for number, sure in zip(numbers, pool.map(goes_on, numbers), strict=True) if sure}


def _failed_only(problem: ProblemTests, verdict: Verdict) -> ProblemTests:
    """Return the problem with the one test that was not answered in time."""
    if verdict.failed_test < len(problem.tests):
        return replace(problem, tests=(problem.tests[verdict.failed_test],), check=None)
    return replace(problem, tests=())
