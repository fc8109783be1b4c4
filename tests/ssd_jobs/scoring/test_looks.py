"""Laws of repeated looks at one window."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssd_jobs.scoring.looks import confidence_at

CONFIDENCES = st.floats(0.51, 0.999)


@given(CONFIDENCES)
def test_the_first_look_is_as_sure_as_was_asked(confidence: float) -> None:
    """A window that nobody looked at costs nothing."""
    assert confidence_at(confidence, 1) == pytest.approx(confidence)


@given(CONFIDENCES, st.integers(1, 1000))
def test_each_further_look_must_be_surer(confidence: float, look: int) -> None:
    """The confidence rises with every look and stays below 1."""
    assert confidence_at(confidence, look) < confidence_at(confidence, look + 1) < 1


@given(CONFIDENCES, st.integers(1, 5000))
def test_all_looks_together_err_at_most_1_64_times_as_often_as_the_first(confidence: float, looks: int) -> None:
    """The sum of what all looks may err is bounded, however many there are."""
    total = sum(1 - confidence_at(confidence, look) for look in range(1, looks + 1))
    assert total <= (1 - confidence) * math.pi**2 / 6 + 1e-9


@pytest.mark.parametrize("look", [0, -3])
def test_looks_are_counted_from_one(look: int) -> None:
    """There is no look before the first."""
    with pytest.raises(ValueError, match=rf"^look {look}: the first one is number 1$"):
        confidence_at(0.95, look)
