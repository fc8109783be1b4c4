"""Lemma B.1, propositions B.2 and B.3, remark B.4."""

import numpy as np
import pytest
from hypothesis import assume, given

from populations.distributions import distributions, samplings, supports, temperatures
from ssd_jobs.theory import composition, target
from ssd_jobs.theory.distributions import Distribution, Support, temper
from ssd_jobs.theory.target import Sampling


@given(distributions(), supports(), temperatures, temperatures)
def test_temperatures_multiply_on_any_support(p: Distribution, support: Support, first: float, second: float) -> None:
    """Lemma B.1, on the whole vocabulary and on a fixed support (24)."""
    together = composition.effective_temperature(first, second)
    np.testing.assert_allclose(temper(temper(p, first), second), temper(p, together), atol=1e-12)
    twice = temper(temper(p, first, support), second, support)
    np.testing.assert_allclose(twice, temper(p, together, support), atol=1e-12)


@given(distributions(), samplings, temperatures)
def test_a_perfect_student_is_the_teacher_at_the_product_inside_the_support(
    teacher: Distribution, sampling: Sampling, evaluate: float
) -> None:
    """Proposition B.2 (25): decoding the learned target is decoding the teacher at T_train T_eval on S."""
    learned = target.target(teacher, sampling)
    retained = target.support(teacher, sampling)
    expected = composition.student(teacher, retained, train=sampling.temperature, evaluate=evaluate)
    np.testing.assert_allclose(temper(learned, evaluate), expected, atol=1e-12)


@given(distributions(), samplings, supports(), temperatures)
def test_a_students_chance_is_compression_times_reshaping_times_the_teachers(
    teacher: Distribution, sampling: Sampling, anything: Support, evaluate: float
) -> None:
    """Proposition B.3 (26, 27), and compression never lowers a chance."""
    retained = target.support(teacher, sampling)
    event = anything & retained
    assume(event.any())
    gains = composition.gains(teacher, retained, event, train=sampling.temperature, evaluate=evaluate)
    student = composition.student(teacher, retained, train=sampling.temperature, evaluate=evaluate)
    assert gains.student == pytest.approx(student[event].sum(), rel=1e-9)
    assert gains.compression >= 1 - 1e-12


@given(distributions(), supports(), temperatures, temperatures)
def test_without_truncation_only_temperatures_compose(
    teacher: Distribution, event: Support, train: float, evaluate: float
) -> None:
    """Remark B.4 (28): no truncation, no compression gain; the student is the teacher at the product."""
    everything = np.ones(len(teacher), dtype=bool)
    gains = composition.gains(teacher, everything, event, train=train, evaluate=evaluate)
    assert gains.compression == pytest.approx(1)
    assert gains.student == pytest.approx(temper(teacher, train * evaluate)[event].sum())


@given(distributions(), supports(), supports(), temperatures)
def test_at_training_temperature_one_only_the_support_acts(
    teacher: Distribution, retained: Support, anything: Support, evaluate: float
) -> None:
    """Remark B.4 (29): T_train 1 renormalises the teacher on the support and reshapes nothing."""
    event = anything & retained
    decoded = temper(teacher, evaluate)
    student = composition.student(teacher, retained, train=1.0, evaluate=evaluate)
    assert student[event].sum() == pytest.approx(decoded[event].sum() / decoded[retained].sum())
    if event.any():
        gains = composition.gains(teacher, retained, event, train=1.0, evaluate=evaluate)
        assert gains.reshaping == pytest.approx(1)


def test_an_event_outside_the_support_is_refused() -> None:
    """The factors are defined inside the support only."""
    teacher, retained = np.array([0.5, 0.3, 0.2]), np.array([True, True, False])
    for event in (np.array([False, False, True]), np.array([False, False, False])):
        with pytest.raises(ValueError, match="retained support"):
            composition.gains(teacher, retained, event, train=1.2, evaluate=1.0)
