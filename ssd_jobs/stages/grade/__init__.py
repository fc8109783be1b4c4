"""Grade: a verdict on every generated program; the only stage that compares with expected outputs.

    extract(text, mode)                             the program in a completion, or None
    grade_many(client, jobs, ...)                   many, on all workers of the sandbox, neighbours apart
    canaries.check(client, mode, ...)               proof, before any grading, that attacks fail here

Everything is decided from captured bytes and exit status; see `ssd_jobs.sandbox` for what can be trusted.
"""

from ssd_jobs.programs.extraction import extract
from ssd_jobs.stages.grade.grading import Job
from ssd_jobs.stages.grade.shard import grade_many
from ssd_jobs.stages.grade.verdicts import ProblemTests, Test, Verdict, VerdictKind

__all__ = ["Job", "ProblemTests", "Test", "Verdict", "VerdictKind", "extract", "grade_many"]
