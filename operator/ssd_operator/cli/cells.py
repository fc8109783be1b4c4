"""Which cells of a sweep a person means: `--cells 'Ttrain=2.0,cut=k10'`."""

from collections.abc import Sequence

from ssd_operator.errors import InvalidInput
from ssd_operator.spec import scalar_words
from ssd_operator.spec.axes import value_name
from ssd_operator.spec.cells import Cell
from ssd_operator.spec.normal import normal

__all__ = ["chosen"]


def chosen(cells: Sequence[Cell], wanted: Sequence[str]) -> list[Cell]:
    """Return the cells that match any of these texts, all where none is given."""
    if not wanted:
        return list(cells)
    found = {cell.name: cell for text in wanted for cell in _matching(cells, text)}
    return [cell for cell in cells if cell.name in found]


def _matching(cells: Sequence[Cell], text: str) -> list[Cell]:
    """Return the cells that have every value of a text."""
    known = {name for cell in cells for name in _named(cell)}
    left = list(cells)
    for part in text.split(","):
        name, _, value = part.strip().partition("=")
        if name not in known:
            raise InvalidInput(f"--cells {text}: the sweep has no axis {name}; name one of {', '.join(sorted(known))}")
        left = [cell for cell in left if _named(cell).get(name) in (value, _as_written(value))]
    if not left:
        raise InvalidInput(f"--cells {text}: no cell has that; ssd plan shows all")
    return left


def _named(cell: Cell) -> dict[str, str]:
    """Return what a cell is told apart by."""
    return {**cell.values, "cell": cell.given or cell.name, "replicate": str(cell.replicate), **_numbered(cell)}


def _numbered(cell: Cell) -> dict[str, str]:
    """Return which round or candidate step it is, where there are several."""
    return {name: str(number) for name, number in (("round", cell.round), ("step", cell.step)) if number}


def _as_written(value: str) -> str:
    """Return a value as the file's would be called: 2.0 and 2 are one number."""
    try:
        return value_name(normal(scalar_words.meaning(value, scalar_words.PLAIN), None))
    except ValueError:
        return value
