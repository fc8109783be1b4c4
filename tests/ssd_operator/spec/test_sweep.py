"""A sweep is refused with one sentence per fault, at the place where it was written."""

from collections.abc import Callable

import pytest

from resources.sweeps import SWEEP_FAULTS, SweepFault, sweep
from ssd_operator.errors import InvalidSpec
from ssd_operator.spec.sweep_resource import parse_sweep


def test_the_sweep_that_the_faults_begin_with_is_right() -> None:
    """Each fault is the only thing wrong with it."""
    assert len(parse_sweep(sweep()).cells()) == 4 * 2 * 3 + 3


@pytest.mark.parametrize("fault", SWEEP_FAULTS, ids=lambda fault: fault.id)
def test_a_fault_is_one_sentence(fault: SweepFault) -> None:
    """Whatever is wrong is named once, with its place; what the API server sees is found before a cell is made."""
    expected = [(fault.path, fault.message)]
    assert _problems(lambda: parse_sweep(sweep(**fault.changes))) == ([] if fault.hidden else expected)
    assert _problems(lambda: parse_sweep(sweep(**fault.changes)).cells()) == expected


def _problems(read: Callable[[], object]) -> list[tuple[str, str]]:
    try:
        read()
    except InvalidSpec as error:
        return [(each.path, each.message) for each in error.problems]
    return []


def test_ten_thousand_cells_are_not_too_many() -> None:
    """The most cells that a sweep may have, it can have."""
    steps = {"name": "steps", "field": "training.steps", "values": list(range(100, 200))}
    found = parse_sweep(sweep(axes=[steps], cells=None, baseline=None, replicates=100)).cells()
    assert len({each.name for each in found}) == 10_000
