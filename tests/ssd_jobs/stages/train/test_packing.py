"""Laws of sharing a batch out."""

from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssd_jobs.stages.train import packing

LENGTHS = st.lists(st.integers(0, 64), max_size=60)


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
