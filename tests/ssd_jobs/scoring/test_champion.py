"""The laws of the comparison with the champion: only what is shown to be better on the same problems replaces it."""

from typing import Any

import numpy as np
import pytest

from configs.gates import GATE
from populations import arms
from ssd_jobs.contract import Decode
from ssd_jobs.scoring import champion, pass_at_k
from ssd_jobs.scoring.gate import Check
from ssd_jobs.scoring.scorecard import BenchmarkCard

DECODE = Decode(temperature=0.7, top_k=20, top_p=0.8)
GRADER = {"format": 1, "mode": "Process", "memory_mb": 4096, "python": "3.12"}
TRIALS = 60


def card(rates: arms.Floats, rng: np.random.Generator, *, samples: int = 10, **changes: Any) -> BenchmarkCard:
    """One draw of a version's evaluation."""
    right = {f"p{number:03d}": int(rng.binomial(samples, rate)) for number, rate in enumerate(rates)}
    whole = {"benchmark": "lcb", "window": "", "tests": "7e57", "grader": GRADER, "decode": DECODE}
    return BenchmarkCard(**{**whole, "samples": samples, "right": right, **changes})


def judged(candidate: BenchmarkCard, other: BenchmarkCard) -> Check:
    """Judge with few replicates."""
    return champion.judge(
        GATE, candidate, other, champion.champion("3"), confidence=GATE.confidence, replicates=400, seed=0
    )


def share_passed(gain: float, *, over: float) -> float:
    """Return how often a candidate with one true gain passes against a champion with another."""
    passed = 0
    for trial in range(TRIALS):
        rng = np.random.default_rng(trial)
        base = arms.rates(rng)
        passed += judged(card(arms.gain(base, gain), rng), card(arms.gain(base, over), rng)).passed
    return passed / TRIALS


def test_a_smaller_gain_does_not_replace_a_larger_one() -> None:
    """+6 never replaces +12, +12 mostly replaces +6, and an equal one hardly ever does."""
    assert share_passed(0.06, over=0.12) == 0
    assert share_passed(0.12, over=0.06) >= 0.8
    assert share_passed(0.06, over=0.06) <= 0.1


def test_the_difference_is_that_of_the_scores() -> None:
    """Each side's pass@k counts with its own number of samples, paired by problem whatever order they are in."""
    rng = np.random.default_rng(1)
    rates = arms.rates(rng)
    ours, theirs = card(rates, rng, samples=20), card(rates, rng, samples=10)
    shuffled = theirs.model_copy(update={"right": dict(reversed(theirs.right.items()))})
    for k in (1, 5):
        found = champion.difference(ours, theirs, k=k, replicates=200, seed=0)
        levels = [np.mean([pass_at_k(each.samples, c, k) for c in each.right.values()]) for each in (ours, theirs)]
        assert found.value == pytest.approx(levels[0] - levels[1])
        again = champion.difference(ours, shuffled, k=k, replicates=200, seed=0)
        assert found.interval(0.95) == again.interval(0.95)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tests": "other"}, "was evaluated on other problems of lcb or with other tests"),
        ({"right": {"p000": 1}}, "was evaluated on other problems of lcb or with other tests"),
        ({"grader": {**GRADER, "memory_mb": 512}}, "was graded by another grader (memory_mb 512, now 4096)"),
        ({"grader": {**GRADER, "python": "3.13"}}, "was graded by another grader (python 3.13, now 3.12)"),
        ({"samples": 1}, "has 1 samples per problem, too few for pass@5"),
    ],
)
def test_what_was_measured_differently_is_not_comparable(changes: dict[str, Any], words: str) -> None:
    """Other problems or tests, another grader or too few samples hold the candidate, and the sentence says which."""
    rng = np.random.default_rng(2)
    rates = arms.rates(rng)
    gate = GATE.model_copy(update={"metric": "pass@5"})
    theirs = card(rates * 0, rng).model_copy(update=changes)
    found = champion.judge(
        gate, card(rates, rng), theirs, champion.champion("3"), confidence=gate.confidence, replicates=200, seed=0
    )
    assert not found.passed
    assert found.text.startswith(f"champion not comparable: version 3 {words}; ")


def test_few_problems_show_nothing() -> None:
    """A gain on fewer problems than could all have one sign by chance holds, with their number."""
    rng = np.random.default_rng(3)
    none = np.zeros(131)
    some = none.copy()
    some[:5] = 1.0
    found = judged(card(some, rng), card(none, rng))
    assert not found.passed
    assert found.numbers["low"] > 0
    assert "only 5 problems differ where 6 are needed" in found.text
