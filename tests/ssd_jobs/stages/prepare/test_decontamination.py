"""Overlap is thirteen words in a row, whatever their case and punctuation."""

import random

from hypothesis import given
from hypothesis import strategies as st

from ssd_jobs.stages.prepare.decontamination import WORDS, Index

WORD = st.sampled_from([f"w{number}" for number in range(12)])


def naive(one: list[str], other: list[str]) -> int:
    """Count the sequences of one that are in the other, by definition."""

    def sequences(words: list[str]) -> list[tuple[str, ...]]:
        if not words:
            return []
        return [tuple(words[place : place + WORDS]) for place in range(max(1, len(words) - WORDS + 1))]

    known = set(sequences(other))
    return sum(each in known for each in sequences(one))


@given(one=st.lists(WORD, max_size=40), other=st.lists(WORD, max_size=40), place=st.integers(0, 30))
def test_it_counts_what_the_definition_counts(one: list[str], other: list[str], place: int) -> None:
    """The vectorised index and the definition agree, also where a part was copied."""
    one = one[:place] + other[: WORDS + 2] + one[place:]
    found = Index({"b": [" ".join(other)]}).overlaps(" ".join(one)).get("b", 0)
    assert found == naive(one, other)


def test_case_and_punctuation_play_no_part() -> None:
    """A statement is its words."""
    words = [f"word{number}" for number in range(WORDS)]
    index = Index({"b": [", ".join(words)]})
    assert index.overlaps(" ".join(words).upper() + "!") == {"b": 1}
    assert index.overlaps(" ".join(words[:-1])) == {}


def test_each_benchmark_is_told_apart() -> None:
    """The same text in two benchmarks is reported for both, other texts for neither."""
    draw = random.Random(0)
    texts = [" ".join(f"w{draw.randrange(10**6)}" for _ in range(30)) for _ in range(3)]
    index = Index({"one": texts[:2], "two": texts[1:2]})
    assert index.overlaps(texts[0]).keys() == {"one"}
    assert index.overlaps(texts[1]) == {"one": 30 - WORDS + 1, "two": 30 - WORDS + 1}
    assert index.overlaps(texts[2]) == {}
