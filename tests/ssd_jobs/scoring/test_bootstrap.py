"""Laws of intervals: they cover the truth as often as they say, and pairing helps."""

import functools
import itertools
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from populations import arms
from ssd_jobs.scoring import Panel, Replicated, bootstrap

TRUE_GAIN = 0.06


@functools.cache
def experiment(seed: int) -> Panel:
    """One of many independent experiments with the same true gain; what was drawn for one law serves the next."""
    rng = np.random.default_rng(seed)
    base = arms.rates(rng)
    return arms.panel(arms.scores(base, rng), arms.scores(arms.gain(base, TRUE_GAIN), rng), replicates=500)


def draws(count: int) -> list[Panel]:
    """So many of these experiments."""
    return [experiment(seed) for seed in range(count)]


@pytest.mark.parametrize("k", [1, 5])
def test_a_95_percent_interval_of_the_gain_covers_the_truth_about_that_often(k: int) -> None:
    """Over 300 experiments the 95 % interval of the paired gain holds the population's gain in 91 to 98.5 %."""
    population = arms.rates(np.random.default_rng(10**6))
    for seed in range(1, 200):
        population = np.concatenate([population, arms.rates(np.random.default_rng(10**6 + seed))])
    names = arms.difficulties() * 200
    room = 1 - population
    better = population + TRUE_GAIN * len(names) / room.sum() * room
    truth = float(((1 - population) ** k - (1 - better) ** k).mean())
    found = [panel.delta("Fixed", k=k).interval(0.95) for panel in draws(300)]
    covered = float(np.mean([each.low <= truth <= each.high for each in found]))
    assert 0.91 <= covered <= 0.985


def test_both_levels_together_are_as_wide_as_the_spread_of_repeated_experiments() -> None:
    """The standard error that the replicates show is within 15 % of the one that 300 experiments show."""
    deltas = [panel.delta("Fixed", k=1) for panel in draws(300)]
    seen = np.std([each.value for each in deltas])
    claimed = np.mean([each.replicates().std() for each in deltas])
    assert claimed == pytest.approx(seen, rel=0.15)


def test_plain_resampling_of_both_levels_would_be_too_wide() -> None:
    """Without the shrinking, a paired difference looks at least a quarter more uncertain than it is."""
    deltas = [panel.delta("Fixed", k=1) for panel in draws(100)]
    plain = np.mean([each.both.std() for each in deltas])
    assert plain > 1.25 * np.mean([each.replicates().std() for each in deltas])


def test_pairing_is_worth_a_multiple_of_the_problems() -> None:
    """The interval of the paired difference is less than half as wide as that of two separate benchmarks."""
    (panel,) = draws(1)
    paired = panel.delta("Fixed", k=1).replicates().std()
    separate = np.hypot(*(panel.at(arm, panel.fixed[arm], k=1).replicates().std() for arm in ("Base", "Candidate")))
    assert paired < separate / 2


@pytest.mark.parametrize("k", [1, 3, 5])
def test_level_two_has_no_bias(k: int) -> None:
    """Drawing samples again leaves the mean of pass@k where it was, also where few samples are right."""
    rng = np.random.default_rng(3)
    panel = arms.panel(arms.scores(arms.rates(rng), rng), arms.scores(arms.rates(rng), rng), replicates=4000)
    found = panel.at("Base", "base", k=k)
    assert float((found.both - found.problems).mean()) == pytest.approx(0, abs=0.001)


@given(st.integers(0, 10), st.integers(1, 6))
@settings(max_examples=20, deadline=None)
def test_equal_arms_without_noise_have_no_interval(right: int, problems: int) -> None:
    """When every sample of both arms is right, or wrong, the difference is exactly 0 and not significant."""
    rate = np.full(problems, float(right > 5))
    rng = np.random.default_rng(0)
    names = ("",) * problems
    same = arms.scores(rate, rng, names=names)
    found = arms.panel(same, same, replicates=100).delta("Fixed", k=1).interval(0.95)
    assert (found.value, found.low, found.high, found.p) == (0, 0, 0, 1)


def test_no_answer_is_a_maximum() -> None:
    """What is compared is one evaluation of each arm, whatever others there are: a better one changes nothing."""
    rng = np.random.default_rng(5)
    base, candidate, cold, hot, better = (arms.scores(arms.rates(rng), rng) for _ in range(5))
    panel = arms.panel(base, candidate, chosen=(cold, hot))
    before = panel.delta("BestDecode", k=1)
    assert before.value == panel.at("Candidate", "hot", k=1).value - panel.at("Base", "cold", k=1).value
    panel.evaluations["Base", "lucky"] = replace(better, right=np.full_like(better.right, better.samples))
    after = panel.delta("BestDecode", k=1)
    assert np.array_equal(before.both, after.both)
    assert np.array_equal(before.problems, after.problems)


def test_further_settings_change_no_number_that_was_there() -> None:
    """A draw depends on names and the seed: a longer sweep leaves every earlier replicate as it was."""
    rng = np.random.default_rng(6)
    base, candidate, more = (arms.scores(arms.rates(rng), rng) for _ in range(3))
    before = arms.panel(base, candidate).delta("Fixed", k=5, stratum="hard")
    after = arms.panel(base, candidate, chosen=(more, more)).delta("Fixed", k=5, stratum="hard")
    assert np.array_equal(before.both, after.both)


def test_p_and_interval_agree() -> None:
    """An interval at confidence 1 - a excludes 0 exactly when p is below about a."""
    found = np.linspace(-1, 9, 1001)
    statistic = Replicated(4.0, found, found)
    wide, narrow = statistic.interval(0.95), statistic.interval(0.7)
    assert wide.low <= 0 <= wide.high
    assert wide.p == pytest.approx(0.2, abs=0.01)
    assert narrow.low > 0
    assert bootstrap.mean([statistic, statistic]).interval(0.7) == narrow


def test_an_interval_reaches_beyond_its_replicates() -> None:
    """Where hardly any replicate lies outside, the ends are a normal distribution's: more confidence is wider."""
    found = np.random.default_rng(0).normal(0.02, 0.01, 2000)
    statistic = Replicated(0.02, found, found)
    levels = [1 - 0.05 / look**2 for look in range(1, 21)]
    lows = [statistic.interval(level).low for level in levels]
    assert all(later < earlier for earlier, later in itertools.pairwise(lows))
    assert lows[-1] == pytest.approx(0.02 - 3.836 * 0.01, abs=0.001)


def test_the_mean_of_one_number_per_problem_has_the_interval_of_a_mean() -> None:
    """Its replicates spread as the standard error says."""
    values = np.random.default_rng(0).normal(0.3, 2, 400)
    found = bootstrap.resampled_mean(values, bootstrap.draw_problems(400, 4000, np.random.default_rng(1)))
    assert found.value == values.mean()
    assert found.replicates().std() == pytest.approx(values.std() / 20, rel=0.05)


@pytest.mark.parametrize("block", [1, 37, 1000, 1 << 20])
def test_blocks_change_no_draw(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    """However many draws are looked at at once, the replicates are the same to the last bit."""
    right = np.random.default_rng(0).integers(0, 11, 50)
    drawn = bootstrap.draw_problems(50, 80, np.random.default_rng(1))
    whole = bootstrap.replicate(right, 10, [1, 5], drawn, np.random.default_rng(2))
    monkeypatch.setattr(bootstrap, "BLOCK", block)
    parts = bootstrap.replicate(right, 10, [1, 5], drawn, np.random.default_rng(2))
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_array_equal(one.problems, other.problems)
        np.testing.assert_array_equal(one.both, other.both)


def test_a_large_benchmark_costs_its_draws_only() -> None:
    """Besides the drawn problems, 4 million of them take a few blocks of memory, not several arrays of their size."""
    right = np.random.default_rng(0).integers(0, 11, 4000)
    drawn = bootstrap.draw_problems(4000, 1000, np.random.default_rng(1))
    tracemalloc.start()
    try:
        bootstrap.replicate(right, 10, [1], drawn, np.random.default_rng(2))
        assert tracemalloc.get_traced_memory()[1] < 2 * drawn.nbytes
    finally:
        tracemalloc.stop()
