"""Which problem is in which shard, and the digest of several artifacts."""

from hypothesis import given
from hypothesis import strategies as st

from ssd_jobs.artifacts import shard_of


@given(problem_id=st.text(st.characters()), shards=st.integers(1, 1000))
def test_every_problem_has_a_shard(problem_id: str, shards: int) -> None:
    """Whatever its id is, a problem is in one of the shards."""
    assert 0 <= shard_of(problem_id, shards) < shards


def test_shards_are_about_equally_large() -> None:
    """No shard has much more to do than another."""
    counts = [0] * 8
    for number in range(8000):
        counts[shard_of(f"problem-{number}", 8)] += 1
    assert min(counts) > 880


def test_a_problem_keeps_its_shard() -> None:
    """The shard depends on the id alone, on every machine and in every version: artifacts are stored by it."""
    assert [shard_of(f"problem-{number}", 8) for number in range(6)] == [1, 5, 7, 0, 4, 2]
