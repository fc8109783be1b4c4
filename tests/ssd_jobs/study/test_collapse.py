"""A grid of perfect students collapses where nothing was cut, and a grid that does not is seen."""

from collections.abc import Callable

import numpy as np

from ssd_jobs.study.collapse import GridCell, judge, tell
from ssd_jobs.theory import machine
from ssd_jobs.theory.target import Sampling

TRAIN, DECODE = (0.6, 0.9, 1.35), (0.4, 0.6, 0.9, 1.35, 2.025)
SAMPLES = 1440
CURVES = machine.curves()
BEST = machine.best(CURVES.temperatures, CURVES.teacher).success


def grid(seed: int, true: Callable[[float, float, bool], float]) -> list[GridCell]:
    """Draw the samples of a grid; one of its rows was cut."""
    rng = np.random.default_rng(seed)
    rows = [*((each, False) for each in TRAIN), (0.9, True)]
    return [
        GridCell(train, decode, cut, int(rng.binomial(SAMPLES, true(train, decode, cut))), SAMPLES)
        for train, cut in rows
        for decode in DECODE
    ]


def perfect(train: float, decode: float, cut: bool) -> float:
    """What a student that learned its target perfectly does on the machine."""
    student = machine.student(machine.teacher(), Sampling(temperature=train, mass=0.85 if cut else 1.0))
    return machine.success(student, decode, machine.PAPER.evaluation_mass)


def test_perfect_students_fulfil_both_laws() -> None:
    """Nine of ten pairs agree in the mean of many grids, hardly a cell is above the base, and truncation always is."""
    found = [judge(grid(seed, perfect), BEST) for seed in range(100)]
    assert {each.pairs for each in found} == {11}
    assert np.mean([each.agreeing / each.pairs for each in found]) > 0.92
    assert np.mean([bool(each.above) for each in found]) < 0.05
    assert np.mean([each.truncated_low > BEST for each in found]) > 0.99
    assert np.mean([tell(each, BEST)[1] for each in found]) > 0.75


def test_a_gain_without_truncation_is_seen() -> None:
    """Where hot training gains more than its product says, pairs disagree and cells are above the base."""
    found = judge(grid(0, lambda train, decode, cut: perfect(train, decode, cut) + 0.08 * (train - 0.6)), BEST)
    assert found.agreeing < 0.9 * found.pairs
    assert found.above
    assert not tell(found, BEST)[1]
