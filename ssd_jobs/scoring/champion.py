"""The candidate against an earlier version on the same problems: an alias moves only to what is shown to be better.

To be no worse by the point estimate is not enough: half of all equal candidates are, and a champion that had luck once
would be followed by whoever has it next. So the rule is that of the gain over the base: the lower end of the interval
of the difference lies above 0, and enough problems show it. Without a comparison nothing is shown. A round is compared
in the same way with the root of its chain: each may look better than the one before, and the last be no better.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ssd_jobs.contract import Gate
from ssd_jobs.errors import BadInput
from ssd_jobs.scoring import bootstrap, passk
from ssd_jobs.scoring.bootstrap import Replicated
from ssd_jobs.scoring.formatting import describe, points
from ssd_jobs.scoring.gate import Check, enough, k_of, numbers_of, too_few, with_interval
from ssd_jobs.scoring.scorecard import BenchmarkCard

__all__ = ["ROOT", "Earlier", "champion", "difference", "ignored", "incomparable", "judge", "mismatch"]

REMEDY = "make the report of the champion's own run again, use `ssd promote`, or set promotion.gate.champion: Ignore"


@dataclass(frozen=True)
class Earlier:
    """An earlier version that a candidate is compared with."""

    role: str
    """What it is to the candidate; the name of the check."""
    called: str
    """Which one it is."""
    remedy: str
    """What helps where they cannot be compared."""


ROOT = Earlier("root", "the model of round 0", "run the rounds again from the first on")


def champion(version: str) -> Earlier:
    """Return the champion to compare with."""
    return Earlier("champion", f"version {version}", REMEDY)


def judge(
    gate: Gate,
    candidate: BenchmarkCard,
    theirs: BenchmarkCard,
    earlier: Earlier,
    *,
    confidence: float,
    replicates: int,
    seed: int,
) -> Check:
    """Judge, at the confidence of a look, whether the candidate is shown to be better than an earlier version."""
    k = k_of(gate.metric)
    trouble = mismatch(candidate, theirs, k)
    if trouble:
        return incomparable(earlier, trouble)
    found = difference(candidate, theirs, k=k, replicates=replicates, seed=seed).interval(confidence)
    differing, needed = _differing(candidate, theirs, k), enough(confidence)
    passed = found.low > 0
    text = (
        f"{gate.benchmark} {gate.metric} {with_interval(found)} against the "
        f"{earlier.role}, {earlier.called} ({describe(theirs.decode)}): {points(found.low)} "
        f"{'is above' if passed else 'is not above'} {points(0)}"
    )
    if passed and differing < needed:
        text += too_few(differing, needed)
    numbers = numbers_of(found, limit=0.0) | {"differing": differing}
    return Check(earlier.role, passed and differing >= needed, text, numbers)


def incomparable(earlier: Earlier, why: str) -> Check:
    """Return the check of an earlier version that the candidate cannot be compared with: it holds."""
    text = f"{earlier.role} not comparable: {earlier.called} {why}; {earlier.remedy}"
    return Check(earlier.role, False, text, {})


def ignored(version: str) -> Check:
    """Return the check of a champion that the user wants to be replaced without a comparison."""
    text = f"not compared with the champion, version {version} (promotion.gate.champion: Ignore)"
    return Check("champion", True, text, {})


def difference(candidate: BenchmarkCard, champion: BenchmarkCard, *, k: int, replicates: int, seed: int) -> Replicated:
    """Return candidate minus champion, paired by problem, each at its own decode setting."""
    problems = sorted(candidate.right)
    drawn = bootstrap.draw_problems(len(problems), replicates, np.random.default_rng([seed % 2**64, 0]))
    ours, theirs = (
        bootstrap.replicate(_right(card), card.samples, [k], drawn, np.random.default_rng([seed % 2**64, arm]))[0]
        for arm, card in ((1, candidate), (2, champion))
    )
    return ours - theirs


def mismatch(candidate: BenchmarkCard, champion: BenchmarkCard, k: int) -> str:
    """Return why the two cannot be compared; empty when they can."""
    if champion.tests != candidate.tests or champion.right.keys() != candidate.right.keys():
        return f"was evaluated on other problems of {candidate.benchmark} or with other tests"
    if champion.grader != candidate.grader:
        names = sorted(champion.grader.keys() | candidate.grader.keys())
        changed = [name for name in names if champion.grader.get(name) != candidate.grader.get(name)]
        then, now = champion.grader.get(changed[0]), candidate.grader.get(changed[0])
        return f"was graded by another grader ({changed[0]} {then}, now {now})"
    if champion.samples < k or max(champion.right.values()) > champion.samples:
        return f"has {champion.samples} samples per problem, too few for pass@{k}"
    if candidate.samples < k:
        raise BadInput(f"pass@{k} needs at least {k} samples per problem, and there are {candidate.samples}")
    return ""


def _differing(candidate: BenchmarkCard, champion: BenchmarkCard, k: int) -> int:
    ours, theirs = (passk.pass_table(each.samples, k)[_right(each)] for each in (candidate, champion))
    return int((ours != theirs).sum())


def _right(card: BenchmarkCard) -> NDArray[np.int64]:
    """Return the right samples in the order of the problems."""
    return np.array([card.right[problem] for problem in sorted(card.right)], dtype=np.int64)
