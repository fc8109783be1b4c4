"""How whoever moves or hashes many bytes says how far it is: a function hears how many are done, and of how many."""

from collections.abc import Callable, Iterable
from itertools import accumulate

__all__ = ["Counted", "piecewise", "uncounted"]

Counted = Callable[[int, int], None]


def uncounted(done: int, total: int) -> None:
    """Tell nobody."""


def piecewise(sizes: Iterable[int], counted: Counted) -> Callable[[], None]:
    """Return what to call as each piece is done, of these bytes and in this order."""
    known = list(sizes)
    total, so_far = sum(known), accumulate(known)
    return lambda: counted(next(so_far), total)
