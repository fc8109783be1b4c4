"""Programs whose verdict is known: proof that grading still tells right from wrong, here and now.

`check` runs before any grading: a correct program must pass, and each attack must not. An attack is written to
print the right answer exactly when it succeeds, so that a pass means a wall has a hole. `spoiled` turns a program
of the shard into one that is certainly wrong on the same inputs; it runs unannounced among the others, and a
sandbox that was taken over and forges answers gives itself away by letting it pass.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from ssd_jobs.errors import JobError
from ssd_jobs.sandbox.client import Client
from ssd_jobs.sandbox.protocol import Kind, Limits, Mode
from ssd_jobs.stages.grade import attacks
from ssd_jobs.stages.grade.grading import Job, grade_jobs
from ssd_jobs.stages.grade.verdicts import ProblemTests, Test, Verdict

__all__ = ["Canary", "CanaryFailed", "check", "roster"]


class CanaryFailed(JobError):
    """A program with a known verdict got another one: no verdict of this sandbox counts."""


@dataclass(frozen=True, slots=True)
class Canary:
    """A program and whether it must pass."""

    name: str
    kind: Kind
    source: str
    passes: bool


GOOD = {
    "stdin": "n = int(input())\nprint(sum(map(int, input().split())))",
    "functional": "class Solution:\n    def total(self, values):\n        return sum(values)",
}
WRONG = {
    "stdin": "n = int(input())\nprint(sum(map(int, input().split())) + 1)",
    "functional": "class Solution:\n    def total(self, values):\n        return sum(values) + 1",
}


def roster() -> tuple[Canary, ...]:
    """Return all canaries."""
    kinds: tuple[Kind, ...] = ("stdin", "functional")
    good = [Canary(f"good_{kind}", kind, GOOD[kind], passes=True) for kind in kinds]
    wrong = [Canary(f"wrong_{kind}", kind, WRONG[kind], passes=False) for kind in kinds]
    hostile = [Canary(attack.name, attack.kind, attack.source, passes=False) for attack in attacks.ATTACKS]
    return (*good, *wrong, *hostile)


def check(
    client: Client, *, mode: Mode, limits: Limits, canaries: Sequence[Canary] | None = None, seed: int | None = None
) -> dict[str, Verdict]:
    """Run every canary on inputs drawn afresh; return their verdicts, or raise for the first wrong one."""
    draw = random.Random(seed)  # noqa: S311 - inputs, not secrets
    problems = {"stdin": _stdin(draw), "functional": _functional(draw)}
    flock = roster() if canaries is None else canaries
    jobs = [Job(canary, problems[canary.kind], canary.source) for canary in flock]
    verdicts: dict[str, Verdict] = {}
    for canary, (_, verdict) in zip(flock, grade_jobs(client, jobs, mode=mode, limits=limits), strict=True):
        verdicts[canary.name] = verdict
        if verdict.passed != canary.passes or verdict.is_infra:
            wanted = "pass" if canary.passes else "fail"
            raise CanaryFailed(
                f"canary {canary.name} must {wanted} in mode {mode} but got {verdict.kind} ({verdict.reason}): "
                "nothing was graded; check the sandbox's isolation and its log"
            )
    return verdicts


def _stdin(draw: random.Random) -> ProblemTests:
    rows = [[draw.randrange(10**9) for _ in range(draw.randrange(2, 6))] for _ in range(2)]
    tests = [Test(f"{len(row)}\n{' '.join(map(str, row))}\n", f"{sum(row)}\n") for row in rows]
    return ProblemTests("stdin", "", tuple(tests))


def _functional(draw: random.Random) -> ProblemTests:
    rows = [[draw.randrange(10**9) for _ in range(draw.randrange(2, 6))] for _ in range(2)]
    return ProblemTests("functional", "Solution.total", tuple(Test(f"[{row}]", str(sum(row))) for row in rows))
