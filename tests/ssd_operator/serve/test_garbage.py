"""Laws of looking for garbage: seldom while objects come and go, and still found."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from ssd_operator.cluster import decode
from ssd_operator.serve import garbage

TEXT = '{"metadata": {"managedFields": [' + ",".join(['{"f:spec": {"f:template": {}}}'] * 100) + "]}}"


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """Leave the collector of this process as it was."""
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


def collections() -> int:
    """Return how often the collector has looked at anything."""
    return sum(each["collections"] for each in gc.get_stats())


def looks() -> int:
    """Return how often the collector looks while 500 objects arrive, of which 50 are kept for a moment."""
    before = collections()
    kept: list[object] = []
    for _ in range(500):
        kept = [*kept[-50:], decode(TEXT)]
    return collections() - before


class Cycle:
    """Something that only the collector frees."""

    def __init__(self) -> None:
        self.itself = self


def test_objects_come_and_go_without_a_look_at_all_others() -> None:
    """Decoding asks the collector a tenth as often as before, which frees a cycle that was made since all the same."""
    before = looks()
    garbage.look_seldom()
    assert gc.get_freeze_count() > 0
    assert looks() * 10 <= before
    cycle = weakref.ref(Cycle())
    gc.collect()
    assert cycle() is None
