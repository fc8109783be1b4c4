"""Laws of the batch plan and of sharing a batch out."""

from collections import Counter
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssd_jobs import packing

LENGTHS = st.lists(st.integers(0, 64), max_size=60)


@given(records=st.integers(1, 40), steps=st.integers(1, 12), size=st.integers(1, 50), seed=st.integers(0, 3))
def test_every_record_is_seen_equally_often(records: int, steps: int, size: int, seed: int) -> None:
    """At any moment no record was seen more than once more often than another."""
    stream = list(chain(*packing.batches(records, steps=steps, size=size, seed=seed)))
    seen = Counter(stream)
    assert len(stream) == steps * size
    assert max(seen.values()) - min(seen.get(record, 0) for record in range(records)) <= 1


@given(records=st.integers(1, 30), steps=st.integers(1, 8), size=st.integers(1, 20), seed=st.integers(0, 3))
def test_a_longer_plan_begins_with_the_shorter_one(records: int, steps: int, size: int, seed: int) -> None:
    """More steps change none of the first ones."""
    longer = packing.batches(records, steps=steps + 3, size=size, seed=seed)
    assert longer[:steps] == packing.batches(records, steps=steps, size=size, seed=seed)


def test_epochs_and_seeds_have_orders_of_their_own() -> None:
    """Two epochs of one seed, and two seeds, give different orders of the same records."""
    first, second = packing.batches(50, steps=2, size=50, seed=0)
    (other,) = packing.batches(50, steps=1, size=50, seed=1)
    assert first != second
    assert first != other
    assert sorted(first) == sorted(second) == sorted(other) == list(range(50))


def test_no_record_is_an_error() -> None:
    """A plan over nothing does not loop for ever."""
    with pytest.raises(ValueError, match="no record"):
        packing.batches(0, steps=1, size=1, seed=0)


@given(lengths=LENGTHS, world=st.integers(1, 9), room=st.integers(0, 100))
def test_a_batch_is_shared_out_exactly_once(lengths: list[int], world: int, room: int) -> None:
    """Every document is in one pack, whole, and no pack is empty or beyond the budget."""
    budget = max([1, *lengths]) + room
    ranks = packing.assign(lengths, world, budget)
    packs = list(chain(*ranks))
    assert len(ranks) == world
    assert sorted(chain(*packs)) == list(range(len(lengths)))
    assert all(pack and sum(lengths[position] for position in pack) <= budget for pack in packs)


@given(lengths=LENGTHS, world=st.integers(1, 9))
def test_ranks_wait_for_at_most_one_pack(lengths: list[int], world: int) -> None:
    """The numbers of packs of two ranks differ by at most one, since each pack is a collective."""
    counts = [len(packs) for packs in packing.assign(lengths, world, 64)]
    assert max(counts) - min(counts) <= 1


@given(lengths=st.lists(st.integers(1, 64), min_size=1, max_size=60), world=st.integers(1, 9))
def test_no_rank_works_longer_than_it_must(lengths: list[int], world: int) -> None:
    """Without a tight budget no rank costs more than the mean and one document."""
    ranks = packing.assign(lengths, world, sum(lengths))
    loads = [sum(packing.cost(lengths[position]) for position in chain(*packs)) for packs in ranks]
    assert max(loads) <= sum(loads) / world + packing.cost(max(lengths)) + 1e-6


def test_a_long_document_weighs_more_than_its_tokens() -> None:
    """Balance is by cost, not by length: one document of 60,000 tokens has less company than six of 10,000."""
    lengths = [60_000, *[10_000] * 6]
    ranks = packing.assign(lengths, 2, 200_000, quadratic=1e-3)
    assert sorted(len(list(chain(*packs))) for packs in ranks) == [1, 6]


def test_a_document_beyond_the_budget_is_an_error() -> None:
    """Nothing is split silently."""
    with pytest.raises(ValueError, match="100 tokens does not fit"):
        packing.assign([5, 100], 2, 64)
