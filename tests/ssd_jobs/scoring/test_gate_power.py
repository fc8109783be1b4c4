"""Laws of power before a run: what is foreseen is what happens, by difficulties, to the gate and to the recipe.

Each law is asked of experiments that are judged by formulas wherever tests run, and of the gate itself in `make
endurance`.
"""

import numpy as np
import pytest

from populations import replicates, studies, trials
from populations.studies import Setting
from ssd_jobs.errors import BadInput
from ssd_jobs.scoring import Scores, gate_power, recipe
from ssd_jobs.scoring.gate_power import Design

EXPERIMENTS, JUDGED = 1500, 1000
REACH = 1.96
SETTINGS = [
    Setting(0.02),
    Setting(0.033, half=True),
    Setting(0.033),
    Setting(0.053, samples=5),
    Setting(0.06, half=True),
    Setting(0.04, uneven=True),
]


def design(setting: Setting) -> Design:
    """How a setting is judged."""
    return Design(samples=setting.samples, change_sd=studies.change_sd(setting))


def judged(pair: tuple[Scores, Scores]) -> tuple[bool, bool]:
    """Whether the gain is shown, and whether no difficulty has fallen by more than 2 points besides."""
    changes = (pair[1].right - pair[0].right) / pair[0].samples
    shown = bool(changes.mean() > REACH * changes.std(ddof=1) / np.sqrt(changes.size))
    kept = (
        changes[pair[0].within(name)].mean() >= -trials.RULE.max_difficulty_drop for name in ("easy", "medium", "hard")
    )
    return shown, shown and all(kept)


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_what_is_foreseen_is_how_often_it_happens(setting: Setting) -> None:
    """At six settings the chances that a gain is shown, and that the gate opens, are within 5 points of how often that
    happens in 1,500 experiments."""
    rng = np.random.default_rng(7)
    found = np.mean([judged(studies.draw(setting, rng)) for _ in range(EXPERIMENTS)], axis=0)
    foreseen = gate_power.chances(studies.base(setting), setting.gain, design(setting))
    assert (foreseen.shown, foreseen.opens) == pytest.approx(tuple(found), abs=0.05)
    assert foreseen.recipe is None


@pytest.mark.endurance
@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_the_gate_opens_as_often_as_foreseen(setting: Setting) -> None:
    """At six settings the gate itself, with all its conditions, opens within 5 points of the chance in 1,000 runs."""
    rng = np.random.default_rng(8)
    found = np.mean([trials.promotes(*studies.draw(setting, rng)) for _ in range(JUDGED)])
    assert gate_power.chances(studies.base(setting), setting.gain, design(setting)).opens == pytest.approx(
        float(found), abs=0.05
    )


def test_the_smallest_detectable_gain_has_its_power() -> None:
    """A gain of the size that is named is shown in 80 % of runs."""
    whole = Setting(0.0)
    size = gate_power.detectable(studies.base(whole), design(whole))
    assert gate_power.chances(studies.base(whole), size, design(whole)).shown == pytest.approx(0.8, abs=0.001)


@pytest.mark.parametrize("training_sd", [0.01, 0.03])
def test_the_recipe_is_shown_as_often_as_foreseen(training_sd: float) -> None:
    """With three replicates the chance that the recipe's gain is shown is within 5 points of 1,500 studies."""
    rng = np.random.default_rng(9)
    drawn = [replicates.study(rng, gain=0.04, training_sd=training_sd, replicates=3) for _ in range(EXPERIMENTS)]
    found = [recipe.measure(each.base, each.candidates, samples=10, k=1, confidence=0.95) for each in drawn]
    foreseen = gate_power.chances(
        studies.base(Setting(0.04)), 0.04, Design(samples=10, change_sd=0, replicates=3, training_sd=training_sd)
    )
    assert foreseen.recipe == pytest.approx(np.mean([each.recipe.low > 0 for each in found]), abs=0.05)


def test_no_base_can_gain_more_than_it_lacks() -> None:
    """A gain beyond the base's failures is refused with a sentence."""
    with pytest.raises(BadInput, match=r"^a gain of 90 points is not possible: the base fails in 6\d\.\d %$"):
        gate_power.chances(studies.base(Setting(0.0)), 0.9, design(Setting(0.0)))
