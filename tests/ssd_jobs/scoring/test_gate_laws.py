"""How often the gate is right, on simulated experiments of the size of LiveCodeBench v6."""

from collections.abc import Callable

import numpy as np
import pytest

from configs.gates import GATE
from populations import arms
from ssd_jobs import contract
from ssd_jobs.scoring import gate

pytestmark = pytest.mark.endurance

TRIALS = 200
OTHERS = 131 / 70
HARD = 61 / 70
FIXED = GATE.model_copy(update={"guards": ()})
BEST = FIXED.model_copy(update={"baseline": "BestDecode"})


def unchanged(rates: arms.Floats) -> arms.Floats:
    """The candidate is the base."""
    return rates


def six_points(rates: arms.Floats) -> arms.Floats:
    """Six points better on average."""
    return arms.gain(rates, 0.06)


def six_points_but_worse_on_hard(rates: arms.Floats) -> arms.Floats:
    """Six points better on average, six worse on the hard problems."""
    worse = arms.gain(rates, -0.06, lambda name: name == "hard")
    return arms.gain(worse, 0.06 * (OTHERS + HARD), lambda name: name != "hard")


def promoted(rule: contract.Gate, true_rates: Callable[[arms.Floats], arms.Floats], sweep: int = 0) -> float:
    """Return how often candidates with these true rates are promoted."""
    decisions = []
    for seed in range(TRIALS):
        rng = np.random.default_rng(seed)
        base = arms.rates(rng)
        more = {f"s{i}": arms.scores(base, rng) for i in range(sweep)}
        panel = arms.panel(arms.scores(base, rng), arms.scores(true_rates(base), rng), replicates=500, sweep=more)
        decisions.append(gate.judge(rule, gate.GateInput({"lcb": panel}, canaries_passed=True)).promote)
    return float(np.mean(decisions))


def test_two_draws_of_one_model_are_hardly_ever_promoted() -> None:
    """A/A passes in at most 5 % of 200 trials."""
    assert promoted(FIXED, unchanged) <= 0.05


def test_a_sweep_gives_chance_no_second_try() -> None:
    """With the base at its best of three settings, A/A passes no more often."""
    assert promoted(BEST, unchanged, sweep=2) <= 0.05


@pytest.mark.parametrize(("rule", "sweep"), [(FIXED, 0), (BEST, 2)], ids=["Fixed", "BestDecode"])
def test_a_true_gain_of_six_points_is_promoted(rule: contract.Gate, sweep: int) -> None:
    """131 problems with 10 samples are enough to promote a true gain of 6 points in at least 80 % of 200 trials."""
    assert promoted(rule, six_points, sweep) >= 0.8


def test_a_gain_that_costs_the_hard_problems_is_held() -> None:
    """Six points overall with six lost on the hard problems is held in at least 90 % of 200 trials."""
    assert promoted(FIXED, six_points_but_worse_on_hard) <= 0.1
