"""Grading a shard with unannounced canaries among its programs.

Among every few hundred programs one comes a second time, spoiled so that each of its answers is wrong. A sandbox
that runs programs honestly lets it fail. One that was taken over, and sends answers it remembers instead of
answers it got, cannot know which of the two to forge: when a spoiled program passes, the shard is void.
"""

import random
import secrets
from collections.abc import Iterable, Iterator

from ssd_jobs.contract.printable import brief
from ssd_jobs.sandbox.client import Client
from ssd_jobs.sandbox.protocol import Limits, Mode
from ssd_jobs.stages.grade.canaries import CanaryFailed
from ssd_jobs.stages.grade.grading import BATCH, Job, K, batched, grade_batches
from ssd_jobs.stages.grade.verdicts import ProblemTests, Verdict

__all__ = ["grade_many", "spoil"]


def grade_many(
    client: Client, jobs: Iterable[Job[K]], *, mode: Mode, limits: Limits
) -> Iterator[tuple[Job[K], Verdict]]:
    """Grade programs on all workers of the sandbox, in order; CanaryFailed voids everything yielded so far.

    The verdicts of a group are given out when the spoiled program among them has failed.
    """
    groups = map(_mixed, batched(jobs, BATCH - 1))
    for graded in grade_batches(client, groups, mode=mode, limits=limits):
        for job, verdict in graded:
            if job.spoiled and verdict.passed:
                raise CanaryFailed(
                    f"a spoiled copy of program {brief(repr(job.key))} passed in mode {mode}: the sandbox does not "
                    "answer with what it ran, so no verdict of this shard counts; grade it again in a fresh sandbox"
                )
        yield from (each for each in graded if not each[0].spoiled)


def spoil(source: str, problem: ProblemTests, token: str) -> str:
    """Return a program that holds the text of another, and whose only answer is a token.

    The text does not run: a program can take back what was printed before it, and answer and leave before what comes
    after it, so that its spoiled copy would be right and a sound sandbox would be taken for a forger.
    """
    text = f"_program = {source!r}\n"
    if problem.kind == "stdin":
        return f"{text}print({token!r}, flush=True)\n"
    owner, _, name = problem.entry_point.rpartition(".")
    if not owner:
        return f"{text}def {name}(*a, **k):\n    return {token!r}\n"
    return f"{text}class {owner}:\n    def {name}(self, *a, **k):\n        return {token!r}\n"


def _mixed(group: list[Job[K]]) -> list[Job[K]]:
    """Return the group with a spoiled copy somewhere, if it has a program at all."""
    # A spoiled answer is no expected output, but may be one that a check lets pass.
    programs = [job for job in group if job.source and job.problem.tests]
    if not programs:
        return group
    draw = random.SystemRandom()
    model = draw.choice(programs)
    source = spoil(model.source or "", model.problem, secrets.token_hex(8))
    mixed = [*group]
    mixed.insert(draw.randrange(len(group) + 1), Job(model.key, model.problem, source, spoiled=True))
    return mixed
