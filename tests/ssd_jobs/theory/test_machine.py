"""The paper's toy machine, figure by figure (facts: appendix C.4 of the paper)."""

import numpy as np
import pytest

from ssd_jobs.theory import machine
from ssd_jobs.theory.target import Sampling

CURVES = machine.curves()


def test_the_two_optima_are_the_papers() -> None:
    """Teacher 8.3 % at 0.639, student 13.8 % at 2.09."""
    teacher = machine.best(CURVES.temperatures, CURVES.teacher)
    student = machine.best(CURVES.temperatures, CURVES.student)
    assert (teacher.success, teacher.temperature) == pytest.approx((0.0833, 0.639), abs=5e-5)
    assert (student.success, student.temperature) == pytest.approx((0.1377, 2.094), abs=5e-5)


def test_the_target_has_the_papers_supports() -> None:
    """Lock 2 tokens (94.8 / 5.2 %), fork 5 (34.4, 16.9, three about 16), root 4 (fail 40.6 %)."""
    student = machine.student(machine.teacher(), machine.PAPER.sampling)
    assert student.lock[:2] == pytest.approx([0.948, 0.052], abs=5e-4)
    assert [int((p > 0).sum()) for p in (student.lock, student.fork, student.root)] == [2, 5, 4]
    assert student.fork[[1, 0, 2, 3, 4]] == pytest.approx([0.344, 0.169, 0.16, 0.16, 0.16], abs=5e-3)
    assert student.root[2] == pytest.approx(0.406, abs=5e-4)


def test_the_fork_policies_at_the_optima_are_the_papers() -> None:
    """Teacher 48.2, 17.8, 17.0, 17.0; student 32.1, 22.9, 22.5, 22.5."""
    base = machine.teacher()
    student = machine.student(base, machine.PAPER.sampling)
    for model, temperature, expected in (
        (base, 0.639, [0.482, 0.178, 0.170, 0.170]),
        (student, 2.094, [0.321, 0.229, 0.225, 0.225]),
    ):
        fork = machine.decoded(model, temperature, machine.PAPER.evaluation_mass).fork
        assert sorted(fork[fork > 0], reverse=True) == pytest.approx(expected, abs=5e-4)


@pytest.mark.parametrize(
    ("mass", "gap"), [(0.65, 3.88), (0.70, 3.08), (0.75, 4.18), (0.80, 5.44), (0.85, 2.09), (0.90, 1.44)], ids=str
)
def test_the_student_is_ahead_at_every_evaluation_mass(mass: float, gap: float) -> None:
    """The gap between the two optima, in percentage points, for top-p 0.65 to 0.90."""
    curves = machine.curves(machine.Experiment(sampling=machine.PAPER.sampling, evaluation_mass=mass))
    best = [machine.best(curves.temperatures, curve).success for curve in (curves.student, curves.teacher)]
    assert 100 * (best[0] - best[1]) == pytest.approx(gap, abs=0.01)


def test_plain_samples_make_a_student_equal_to_its_teacher() -> None:
    """The machine's control arm: T 1 without truncation changes no curve."""
    base = machine.teacher()
    student = machine.student(base, Sampling())
    for temperature in (0.3, 1.0, 2.5):
        assert machine.success(student, temperature, 0.8) == pytest.approx(machine.success(base, temperature, 0.8))


def test_every_context_is_a_distribution() -> None:
    """Heads and geometric tails sum to one, whatever the ratio."""
    for ratio in (0.3, 0.5, 0.754, 1.0):
        contexts = machine.teacher(ratio)
        for p in (contexts.root, contexts.fork, contexts.lock):
            assert p.sum() == pytest.approx(1)
            assert np.all(p > 0)
