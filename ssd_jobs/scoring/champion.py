"""The candidate against the champion, on the same problems: an alias moves only to what is shown to be better.

To be no worse by the point estimate is not enough: half of all equal candidates are, and a champion that had luck once
would be followed by whoever has it next. So the rule is that of the gain over the base: the lower end of the interval
of the difference lies above 0, and enough problems show it. Without a comparison nothing is shown.
"""

import numpy as np
from numpy.typing import NDArray

from ssd_jobs.contract import Gate
from ssd_jobs.errors import BadInput
from ssd_jobs.scoring import bootstrap, passk
from ssd_jobs.scoring.bootstrap import Replicated
from ssd_jobs.scoring.formatting import describe, points
from ssd_jobs.scoring.gate import Check, enough, k_of, numbers_of, too_few, with_interval
from ssd_jobs.scoring.scorecard import BenchmarkCard

__all__ = ["difference", "ignored", "incomparable", "judge"]

NAME = "champion"
REMEDY = "make the report of the champion's own run again, use `ssd promote`, or set promotion.gate.champion: Ignore"


def judge(
    gate: Gate,
    candidate: BenchmarkCard,
    champion: BenchmarkCard,
    version: str,
    *,
    confidence: float,
    replicates: int,
    seed: int,
) -> Check:
    """Judge, at the confidence of a look, whether the candidate is shown to be better than the champion."""
    k = k_of(gate.metric)
    trouble = _mismatch(candidate, champion, k)
    if trouble:
        return incomparable(version, trouble)
    found = difference(candidate, champion, k=k, replicates=replicates, seed=seed).interval(confidence)
    differing, needed = _differing(candidate, champion, k), enough(confidence)
    passed = found.low > 0
    text = (
        f"{gate.benchmark} {gate.metric} {with_interval(found)} against the "
        f"champion, version {version} ({describe(champion.decode)}): {points(found.low)} "
        f"{'is above' if passed else 'is not above'} {points(0)}"
    )
    if passed and differing < needed:
        text += too_few(differing, needed)
    numbers = numbers_of(found, limit=0.0) | {"differing": differing}
    return Check(NAME, passed and differing >= needed, text, numbers)


def incomparable(version: str, why: str) -> Check:
    """Return the check of a champion that the candidate cannot be compared with: it holds."""
    return Check(NAME, False, f"champion not comparable: version {version} {why}; {REMEDY}", {})


def ignored(version: str) -> Check:
    """Return the check of a champion that the user wants to be replaced without a comparison."""
    text = f"not compared with the champion, version {version} (promotion.gate.champion: Ignore)"
    return Check(NAME, True, text, {})


def difference(candidate: BenchmarkCard, champion: BenchmarkCard, *, k: int, replicates: int, seed: int) -> Replicated:
    """Return candidate minus champion, paired by problem, each at its own decode setting."""
    problems = sorted(candidate.right)
    drawn = bootstrap.draw_problems(len(problems), replicates, np.random.default_rng([seed % 2**64, 0]))
    ours, theirs = (
        bootstrap.replicate(_right(card), card.samples, [k], drawn, np.random.default_rng([seed % 2**64, arm]))[0]
        for arm, card in ((1, candidate), (2, champion))
    )
    return ours - theirs


def _mismatch(candidate: BenchmarkCard, champion: BenchmarkCard, k: int) -> str:
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
