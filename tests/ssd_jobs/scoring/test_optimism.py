"""Laws of choosing among cells: nothing that is reported is read, and so nothing that is reported is flattered."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from populations import arms
from ssd_jobs.scoring.optimism import BestCell, Cell, best_of

TRIALS, CELLS = 400, 50
SHARES = st.integers(0, 20).map(lambda right: right / 20)


def cells(select: list[float], report: list[float]) -> list[Cell]:
    """Cells with these values."""
    return [Cell(f"c{i}", *values) for i, values in enumerate(zip(select, report, strict=True))]


def chosen_of_equals(seed: int) -> tuple[BestCell, float]:
    """The best of 50 equal cells on half of the window's problems, and by how much the best on the other half, where it
    is reported, would have been ahead there."""
    rng = np.random.default_rng(seed)
    values = []
    for _part in range(2):
        rates = arms.rates(rng)[rng.permutation(len(arms.difficulties()))[:65]]
        values.append((rng.binomial(arms.SAMPLES, rates, (CELLS, rates.size)) / arms.SAMPLES).mean(axis=1).tolist())
    report = np.array(values[1])
    return best_of(cells(*values)), float(report.max() - report.mean())


def test_fifty_equal_cells_have_no_best() -> None:
    """Of 50 equal cells the chosen one is 0 +- 0.2 points ahead on report problems, in the mean over 400 trials, where
    the best on those problems themselves would be 2 points ahead or more; the optimism is that difference."""
    found = [chosen_of_equals(seed) for seed in range(TRIALS)]
    assert np.mean([best.ahead_on_report for best, _ in found]) == pytest.approx(0, abs=0.002)
    assert np.mean([naive for _, naive in found]) >= 0.02
    assert np.mean([best.optimism for best, _ in found]) >= 0.02


@given(data=st.data(), select=st.lists(SHARES, min_size=1, max_size=6))
def test_swapping_report_verdicts_changes_no_choice(data: st.DataObject, select: list[float]) -> None:
    """Whatever the cells did on report problems, the same one is chosen."""
    one, other = (data.draw(st.lists(SHARES, min_size=len(select), max_size=len(select))) for _ in range(2))
    assert best_of(cells(select, one)).cell.name == best_of(cells(select, other)).cell.name


@given(select=st.lists(SHARES, min_size=1, max_size=4))
def test_the_choice_is_the_highest_in_any_order(select: list[float]) -> None:
    """It is the first by name of those with the highest value on select problems, in whatever order cells are given."""
    listed = cells(select, select)
    first = next(each for each in listed if each.select == max(select))
    assert {best_of(order).cell for order in permutations(listed)} == {first}


def test_optimism_is_the_lead_that_is_lost() -> None:
    """The lead of the chosen over the mean of all cells where it was chosen, minus that where it was not."""
    found = best_of(cells([0.3, 0.5, 0.4], [0.4, 0.42, 0.38]))
    assert (found.cell.name, found.cells) == ("c1", 3)
    assert (found.ahead_on_select, found.ahead_on_report) == pytest.approx((0.1, 0.02))
    assert found.optimism == pytest.approx(0.08)


def test_of_no_cells_none_is_best() -> None:
    """There must be something to choose from."""
    with pytest.raises(ValueError, match="no cell to choose from"):
        best_of([])
