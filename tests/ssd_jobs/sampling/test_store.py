"""The store loses nothing that it was given, whenever its process ends, and never holds a unit twice."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sampling_support import key, sample_row
from ssd_jobs import artifacts, tables
from ssd_jobs.sampling.store import Store

CHUNK = 4


def stored(path: Path) -> list[tuple[str, int]]:
    rows = [
        row for part in sorted(path.glob("part-*.parquet")) for row in tables.rows(tables.read(tables.SAMPLES, part))
    ]
    return [(row["problem_id"], row["sample_index"]) for row in rows]


@settings(deadline=None, max_examples=40)
@given(
    batches=st.lists(st.integers(0, 6), max_size=8),
    stops=st.sets(st.integers(0, 7)),
    torn=st.integers(0, 60),
)
def test_every_restart_finds_what_was_added(
    tmp_path_factory: pytest.TempPathFactory, batches: list[int], stops: set[int], torn: int
) -> None:
    """Ended after any batch, with any torn rest of a line behind the journal, the next process goes on exactly."""
    path = tmp_path_factory.mktemp("shard")
    added: list[tuple[str, int]] = []
    with artifacts.claim(path, stage="sample", name="s", key=key("a")) as draft:
        store = Store(draft, chunk=CHUNK)
        for number, size in enumerate(batches):
            rows = [sample_row(f"p{number}", index) for index in range(size)]
            store.add(rows)
            added += [(row["problem_id"], row["sample_index"]) for row in rows]
            if number in stops:
                store.close()
                (journal,) = path.glob("journal-*.jsonl")
                with journal.open("ab") as stream:
                    stream.write(b'{"problem_id": "torn", "sample_index": 0, "completion_token_ids": "'[:torn])
                store = Store(draft, chunk=CHUNK)
                assert store.done == frozenset(added)
        store.finish()
    assert sorted(stored(path)) == sorted(added)
    assert not list(path.glob("journal-*"))


def test_rows_survive_the_journal_exactly(tmp_path: Path) -> None:
    """What a journal gives back is what was added, to the last bit of a log-probability."""
    row = sample_row("p", text='näïve\n"quoted" \ud800', logprobs=[-1.1e-7, -3.3333333, -0.0])
    row["logprobs"] = np.float32(row["logprobs"]).tolist()
    with artifacts.claim(tmp_path, stage="sample", name="s", key=key("a")) as draft:
        Store(draft).add([row])
        again = Store(draft)
        assert again._rows == [row]


def test_a_journal_whose_part_was_written_is_a_leftover(tmp_path: Path) -> None:
    """Killed between a part and the removal of its journal, no row is taken twice."""
    with artifacts.claim(tmp_path, stage="sample", name="s", key=key("a")) as draft:
        store = Store(draft, chunk=CHUNK)
        store.add([sample_row(f"p{number}") for number in range(CHUNK - 1)])
        journal = tmp_path / "journal-00000.jsonl"
        before = journal.read_bytes()
        store.add([sample_row("last")])
        journal.write_bytes(before)
        again = Store(draft, chunk=CHUNK)
        assert len(again.done) == CHUNK
        again.finish()
    assert len(stored(tmp_path)) == len(set(stored(tmp_path))) == CHUNK


def test_a_unit_cannot_be_added_twice(tmp_path: Path) -> None:
    """Sampling a unit again is a bug that stops the shard."""
    with artifacts.claim(tmp_path, stage="sample", name="s", key=key("a")) as draft:
        store = Store(draft)
        store.add([sample_row("p")])
        with pytest.raises(ValueError, match="sampled twice"):
            store.add([sample_row("p")])


def test_starts_are_counted_across_processes(tmp_path: Path) -> None:
    """Each start gets the next number, and the count is no part of the finished artifact."""
    with artifacts.claim(tmp_path, stage="sample", name="s", key=key("a")) as draft:
        assert [Store(draft).count_start() for _ in range(3)] == [1, 2, 3]
        Store(draft).finish()
        manifest = draft.finish(science={}, inputs={}, counts={}, facts={}, image="")
    assert manifest.files == {}
