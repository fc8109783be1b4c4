"""Laws of a recipe's gain: its interval covers what is true of the next training, too.

Coverage is asked twice: of 80 studies, loosely, wherever tests run, and of 300 in `make endurance`.
"""

from itertools import product

import numpy as np
import pytest

from populations import replicates
from ssd_jobs.errors import BadInput
from ssd_jobs.scoring import recipe
from ssd_jobs.scoring.recipe import MeasuredRecipe

GAIN = 0.04
SAMPLES = 10
CONFIDENCE = 0.95


def measured(study: replicates.Study) -> MeasuredRecipe:
    """What a study says."""
    return recipe.measure(study.base, study.candidates, samples=SAMPLES, k=1, confidence=CONFIDENCE)


def studies(number: int, *, count: int, training_sd: float, seed: int = 0) -> list[replicates.Study]:
    """So many studies with this number of replicates."""
    rng = np.random.default_rng(seed)
    return [replicates.study(rng, gain=GAIN, training_sd=training_sd, replicates=number) for _ in range(count)]


@pytest.mark.parametrize(("number", "training_sd"), list(product((3, 5), (0, 0.01, 0.03))))
@pytest.mark.parametrize(
    ("count", "slack"), [pytest.param(80, 0.06, id="80"), pytest.param(300, 0, id="300", marks=pytest.mark.endurance)]
)
def test_both_intervals_cover_what_is_true(number: int, training_sd: float, count: int, slack: float) -> None:
    """In 91 to 98.5 % of studies the recipe's interval covers its true gain, and a replicate's that of its model."""
    found = [(each, measured(each)) for each in studies(number, count=count, training_sd=training_sd)]
    of_recipe = np.mean([one.recipe.low <= GAIN <= one.recipe.high for _, one in found])
    of_models = np.mean(
        [
            model.low <= gain <= model.high
            for each, one in found
            for model, gain in zip(one.models, each.gains, strict=True)
        ]
    )
    for covered in (of_recipe, of_models):
        assert 0.91 - slack <= covered <= 0.985 + slack


def test_the_parts_are_what_they_are_called() -> None:
    """On average over studies the training SD is the true one, and samples of the candidates count a third of the
    base's with three replicates, because they average out and those of the base, which all share, do not."""
    found = [measured(each) for each in studies(3, count=200, training_sd=0.03)]
    assert np.sqrt(np.mean([each.training_sd**2 for each in found])) == pytest.approx(0.03, rel=0.1)
    base, candidates = (
        np.mean([getattr(each.parts, name) for each in found]) for name in ("base_samples", "candidate_samples")
    )
    assert candidates == pytest.approx(base / 3, rel=0.1)
    assert np.mean([each.parts.trainings / each.parts.total for each in found]) > 0.5


def test_a_recipe_is_never_surer_than_its_mean_model() -> None:
    """With what trainings add its interval is at least that of the mean of the replicates without it."""
    for each in studies(3, count=40, training_sd=0.01):
        found = measured(each)
        gains = np.array(each.candidates).mean(axis=0) / SAMPLES - each.base / SAMPLES
        assert found.recipe.value == pytest.approx(gains.mean())
        assert found.recipe.high - found.recipe.low >= 2 * 1.96 * gains.std(ddof=1) / np.sqrt(gains.size)


def test_the_smallest_detectable_gain_is_shown_in_80_percent() -> None:
    """A true gain of the size that studies name is shown in 75 to 88 % of others; the size is itself an estimate."""
    size = float(np.mean([measured(each).detectable for each in studies(5, count=200, training_sd=0.01)]))
    rng = np.random.default_rng(1)
    others = [replicates.study(rng, gain=size, training_sd=0.01, replicates=5) for _ in range(300)]
    assert 0.75 <= np.mean([measured(each).recipe.low > 0 for each in others]) <= 0.88


def test_without_any_noise_the_gain_is_exact() -> None:
    """Where all problems and trainings gain the same the interval is that gain."""
    base = np.full(8, 5)
    found = recipe.measure(base, [base + 5] * 2, samples=10, k=1, confidence=CONFIDENCE)
    assert (found.recipe.low, found.recipe.value, found.recipe.high) == (0.5, 0.5, 0.5)
    assert found.training_sd == 0


@pytest.mark.parametrize(
    ("candidates", "sentence"),
    [
        ([np.array([1, 2])], "a recipe needs two replicates or more, and there is 1"),
        ([np.array([1, 2]), np.array([1, 2, 3])], "graded on the same problems"),
    ],
)
def test_what_has_no_spread_is_refused(candidates: list[replicates.Counts], sentence: str) -> None:
    """One training says nothing of the next, and arms on different problems nothing at all."""
    with pytest.raises(BadInput, match=sentence):
        recipe.measure(np.array([1, 1]), candidates, samples=10, k=1, confidence=CONFIDENCE)
