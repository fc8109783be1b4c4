"""Time-outs that are the program's own beyond doubt, found beside others.

A run alone has the whole machine to itself, so with many workers the runs alone of programs that never end would
take most of a stage. Neighbours cost a program processor time too, by caches, memory and a shared core, but not so
much: what goes on for `PATIENCE` times its limit beside them would not have ended within the limit alone.
"""

from dataclasses import replace
from typing import Final

from ssd_jobs.sandbox.protocol import Limits
from ssd_jobs.stages.grade.verdicts import ProblemTests, Verdict, VerdictKind

__all__ = ["PATIENCE", "failed_only", "is_endless", "patient", "pays"]

PATIENCE: Final = 4
"""No neighbours make a program take so many times the processor time that it takes alone."""


def pays(programs: int, workers: int) -> bool:
    """Tell whether waiting so long for all of these at a time is shorter than a run alone of each."""
    return -(-programs // workers) * PATIENCE < programs


def patient(limits: Limits) -> Limits:
    """Return the limits of the run that tells."""
    return replace(limits, cpu_seconds=PATIENCE * limits.cpu_seconds, wall_seconds=PATIENCE * limits.wall_seconds)


def failed_only(problem: ProblemTests, verdict: Verdict) -> ProblemTests:
    """Return the problem with the one test that was not answered in time."""
    if verdict.failed_test < len(problem.tests):
        return replace(problem, tests=(problem.tests[verdict.failed_test],), check=None)
    return replace(problem, tests=())


def is_endless(verdict: Verdict, waited: Limits) -> bool:
    """Tell whether a program used all the time of the run that tells."""
    return verdict.kind is VerdictKind.TLE and verdict.cpu_s >= waited.cpu_seconds
