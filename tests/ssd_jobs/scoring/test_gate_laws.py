"""How often the gate is right, on simulated experiments of the size of LiveCodeBench v6.

Each law is asked twice: of a few trials, loosely, wherever tests run, and of 200 in `make endurance`.
"""

from dataclasses import dataclass

import pytest

from populations import trials
from populations.trials import better, better_but, promoted

LOOKS = 20


@dataclass(frozen=True)
class Asked:
    """Of how many experiments a law is asked, and by how much their share may miss its bound."""

    trials: int
    slack: float


@pytest.fixture(
    params=[
        pytest.param(Asked(12, 0.2), id="12"),
        pytest.param(Asked(200, 0), id="200", marks=pytest.mark.endurance),
    ]
)
def asked(request: pytest.FixtureRequest) -> Asked:
    """A few, or 200."""
    found: Asked = request.param
    return found


@pytest.mark.parametrize("settings", [1, 4, 10])
def test_two_draws_of_one_model_are_hardly_ever_promoted(asked: Asked, settings: int) -> None:
    """A/A passes in at most 5 %, however many settings there were to choose from."""
    assert promoted(asked.trials, better(0), settings=settings) <= 0.05 + asked.slack


@pytest.mark.parametrize("settings", [1, 4, 10])
def test_a_true_gain_of_six_points_is_promoted(asked: Asked, settings: int) -> None:
    """131 problems with 10 samples promote a true gain of 6 points in at least 80 %."""
    assert promoted(asked.trials, better(6), settings=settings) >= 0.8 - asked.slack


def test_a_small_gain_of_the_paper_is_promoted(asked: Asked) -> None:
    """131 select and 131 report problems with 10 samples promote a true gain of 3.3 points, of 10 settings, in 60 %."""
    assert promoted(asked.trials, better(3.3), settings=10) >= 0.6 - asked.slack


@pytest.mark.parametrize("difficulty", ["easy", "medium", "hard"])
def test_a_gain_that_costs_a_difficulty_is_held(asked: Asked, difficulty: str) -> None:
    """Six points better overall and six worse at one difficulty is promoted in at most 12 %."""
    assert promoted(asked.trials, better_but(6, 6, difficulty)) <= 0.12 + asked.slack


def test_twenty_looks_at_one_window_err_hardly_more_than_one(asked: Asked) -> None:
    """For at most 10 % of registered models is any of twenty unchanged candidates promoted on the same problems."""
    assert trials.promoted_at_any_look(asked.trials, LOOKS) <= 0.1 + asked.slack
