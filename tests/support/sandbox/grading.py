"""One program's verdict, as grade gives it."""

from ssd_jobs.sandbox.client import Client
from ssd_jobs.sandbox.protocol import Limits, Mode
from ssd_jobs.stages.grade import Job, ProblemTests, Verdict
from ssd_jobs.stages.grade.grading import grade_jobs


def grade_program(client: Client, problem: ProblemTests, source: str | None, *, mode: Mode, limits: Limits) -> Verdict:
    """Grade one program while nothing else of this caller runs in the sandbox."""
    [(_, verdict)] = grade_jobs(client, [Job(None, problem, source)], mode=mode, limits=limits)
    return verdict
