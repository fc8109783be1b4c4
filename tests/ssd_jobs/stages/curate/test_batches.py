"""Laws of the batch plan."""

from collections import Counter
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssd_jobs.stages.curate.batches import batches


@given(records=st.integers(1, 40), steps=st.integers(1, 12), size=st.integers(1, 50), seed=st.integers(0, 3))
def test_every_record_is_seen_equally_often(records: int, steps: int, size: int, seed: int) -> None:
    """At any moment no record was seen more than once more often than another."""
    stream = list(chain(*batches(range(records), steps=steps, size=size, seed=seed)))
    seen = Counter(stream)
    assert len(stream) == steps * size
    assert max(seen.values()) - min(seen.get(record, 0) for record in range(records)) <= 1


@given(records=st.integers(1, 30), steps=st.integers(1, 8), size=st.integers(1, 20), seed=st.integers(0, 3))
def test_a_longer_plan_begins_with_the_shorter_one(records: int, steps: int, size: int, seed: int) -> None:
    """More steps change none of the first ones."""
    longer = batches(range(records), steps=steps + 3, size=size, seed=seed)
    assert longer[:steps] == batches(range(records), steps=steps, size=size, seed=seed)


@given(order=st.permutations(range(20)), steps=st.integers(1, 8), size=st.integers(1, 20))
def test_what_decides_is_the_place_in_the_order(order: list[int], steps: int, size: int) -> None:
    """The same places are drawn whatever the records there are called."""
    plain = batches(range(20), steps=steps, size=size, seed=0)
    assert batches(order, steps=steps, size=size, seed=0) == [[order[place] for place in step] for step in plain]


def test_epochs_and_seeds_have_orders_of_their_own() -> None:
    """Two epochs of one seed, and two seeds, give different orders of the same records."""
    first, second = batches(range(50), steps=2, size=50, seed=0)
    (other,) = batches(range(50), steps=1, size=50, seed=1)
    assert first != second
    assert first != other
    assert sorted(first) == sorted(second) == sorted(other) == list(range(50))


def test_no_record_is_an_error() -> None:
    """A plan over nothing does not loop for ever."""
    with pytest.raises(ValueError, match="no record"):
        batches([], steps=1, size=1, seed=0)
