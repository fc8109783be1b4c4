"""The best of several cells, chosen on some problems and reported on others, and by how much the choice flatters.

What is best of fifty equal cells on some problems looks better on them than it is: 2 to 3 points on half of
LiveCodeBench v6. So a cell is chosen by its value on select problems alone, and what is told of it is its value on
report problems. The optimism is how far it is ahead of all cells where it was chosen, less how far where it was not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["BestCell", "Cell", "best_of"]


@dataclass(frozen=True)
class Cell:
    """What one cell of a study scored on either part of a benchmark."""

    name: str
    select: float
    report: float


@dataclass(frozen=True)
class BestCell:
    """The chosen cell, and what the choice is worth."""

    cell: Cell
    cells: int
    """Of how many it is the best."""
    ahead_on_select: float
    """Its value minus the mean of all cells, on the problems that it was chosen on."""
    ahead_on_report: float
    """The same on the problems that nothing was chosen on: without bias, however many cells there were."""

    @property
    def optimism(self) -> float:
        """Return by how much more it is ahead where it was chosen."""
        return self.ahead_on_select - self.ahead_on_report


def best_of(cells: Sequence[Cell]) -> BestCell:
    """Choose by the values on select problems; of equals the one whose name comes first."""
    if not cells:
        raise ValueError("there is no cell to choose from")
    chosen = min(cells, key=lambda each: (-each.select, each.name))
    return BestCell(
        cell=chosen,
        cells=len(cells),
        ahead_on_select=chosen.select - sum(each.select for each in cells) / len(cells),
        ahead_on_report=chosen.report - sum(each.report for each in cells) / len(cells),
    )
