"""How whoever moves or hashes many bytes says how far it is: a function hears how many are done, and of how many."""

from collections.abc import Callable

__all__ = ["Counted", "uncounted"]

Counted = Callable[[int, int], None]


def uncounted(done: int, total: int) -> None:
    """Tell nobody."""
