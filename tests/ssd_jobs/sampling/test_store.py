"""The store loses nothing that it was given, whenever its process ends, and never holds a unit twice."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configs.parts import key
from ssd_jobs import artifacts
from ssd_jobs.artifacts import tables
from ssd_jobs.contract import files
from ssd_jobs.engine import PartialCompletion
from ssd_jobs.sampling.store import ENGINES, Store, dump_commit
from workspaces import shards
from workspaces.provenance import EMPTY
from workspaces.sampling import sample_row

CHUNK = 4
TORN = dump_commit([sample_row("torn")], {("torn", 1): PartialCompletion([7], [-0.5])})


def stored(path: Path) -> list[tuple[str, int]]:
    rows = [row for part in files.parts_in(path) for row in tables.rows(tables.read(tables.SAMPLES, part))]
    return [(row["problem_id"], row["sample_index"]) for row in rows]


def units(store: Store, among: list[tuple[str, int]]) -> list[tuple[str, int]]:
    assert store.done == sum(map(store.has, among))
    return [unit for unit in among if store.has(unit)]


@settings(deadline=None, max_examples=40)
@given(
    commits=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 3)), max_size=8),
    stops=st.sets(st.integers(0, 7)),
    torn=st.integers(0, len(TORN) - 1),
)
def test_every_restart_finds_what_was_committed(
    tmp_path_factory: pytest.TempPathFactory, commits: list[tuple[int, int]], stops: set[int], torn: int
) -> None:
    """Ended after any commit, with any torn rest of a line behind the journal, the next process goes on exactly: what
    is finished and what is begun are those of the last commit, through any number of parts."""
    path = tmp_path_factory.mktemp("shard")
    added: list[tuple[str, int]] = []
    begun: dict[tuple[str, int], list[int]] = {}
    with artifacts.Output(path=path, stage="sample", name="s", key=key("a")).claim() as draft:
        store = Store(draft, chunk=CHUNK)
        for number, (size, growth) in enumerate(commits):
            rows = [sample_row(f"p{number}", index) for index in range(size)]
            grown = {(f"b{unit}", 0): PartialCompletion([number, unit], [-0.25, -0.5], 0.5) for unit in range(growth)}
            store.commit(rows, grown)
            added += [(row["problem_id"], row["sample_index"]) for row in rows]
            for unit, more in grown.items():
                begun.setdefault(unit, []).extend(more.token_ids)
            if number in stops:
                store.close()
                (journal,) = path.glob("journal-*.jsonl")
                with journal.open("ab") as stream:
                    stream.write(TORN[:torn])
                store = Store(draft, chunk=CHUNK)
            assert units(store, added) == added
            assert {unit: store.beginning(unit).token_ids for unit in store.begun} == begun
            assert all(store.known(unit) == len(tokens) for unit, tokens in begun.items())
        store.finish()
    assert sorted(stored(path)) == sorted(added)
    assert not list(path.glob("journal-*"))


def test_rows_survive_the_journal_exactly(tmp_path: Path) -> None:
    """What a journal gives back is what was committed, to the last bit of a log-probability."""
    row = sample_row("p", text='näïve\n"quoted" \ud800', logprobs=[-1.1e-7, -3.3333333, -0.0])
    row["logprobs"] = np.array(row["logprobs"], np.float32).tolist()
    begun = PartialCompletion([5, 70_000], np.array([-1.1e-7, -0.0], np.float32).tolist(), 0.1)
    with artifacts.Output(path=tmp_path, stage="sample", name="s", key=key("a")).claim() as draft:
        Store(draft).commit([row], {("q", 1): begun})
        assert shards.rows(tmp_path) == [row]
        assert Store(draft).beginning(("q", 1)) == begun


def test_a_unit_that_finishes_is_begun_no_more(tmp_path: Path) -> None:
    """The next start asks for no unit that is done, and the beginning takes no more room."""
    with artifacts.Output(path=tmp_path, stage="sample", name="s", key=key("a")).claim() as draft:
        Store(draft).commit([], {("p", 0): PartialCompletion([7], [-0.5]), ("q", 0): PartialCompletion([7], [-0.5])})
        Store(draft).commit([sample_row("p")], {})
        again = Store(draft)
        assert (again.begun, again.done) == ([("q", 0)], 1)


def test_a_journal_whose_part_was_written_is_a_leftover(tmp_path: Path) -> None:
    """Killed between a part and the removal of its journal, no row is taken twice and no beginning is lost."""
    with artifacts.Output(path=tmp_path, stage="sample", name="s", key=key("a")).claim() as draft:
        store = Store(draft, chunk=CHUNK)
        store.commit(
            [sample_row(f"p{number}") for number in range(CHUNK - 1)], {("q", 0): PartialCompletion([7], [-0.5])}
        )
        journal = tmp_path / "journal-00000.jsonl"
        before = journal.read_bytes()
        store.commit([sample_row("last")], {})
        journal.write_bytes(before)
        again = Store(draft, chunk=CHUNK)
        assert (again.done, again.known(("q", 0))) == (CHUNK, 1)
        again.finish()
    assert len(stored(tmp_path)) == len(set(stored(tmp_path))) == CHUNK


def test_a_journal_that_was_begun_too_early_is_a_leftover(tmp_path: Path) -> None:
    """Killed between the next journal's begin and the part, the part's own journal is the one that counts."""
    with artifacts.Output(path=tmp_path, stage="sample", name="s", key=key("a")).claim() as draft:
        Store(draft).commit([sample_row("p")], {("q", 0): PartialCompletion([7], [-0.5])})
        (tmp_path / "journal-00001.jsonl").write_bytes(dump_commit([], {("q", 0): PartialCompletion([7], [-0.5])}))
        again = Store(draft)
        assert (again.done, again.known(("q", 0))) == (1, 1)
        assert [path.name for path in tmp_path.glob("journal-*")] == ["journal-00000.jsonl"]


def test_a_unit_cannot_be_added_twice(tmp_path: Path) -> None:
    """Sampling a unit again is a bug that stops the shard."""
    with artifacts.Output(path=tmp_path, stage="sample", name="s", key=key("a")).claim() as draft:
        store = Store(draft)
        store.commit([sample_row("p")], {})
        for rows in ([sample_row("p")], [sample_row("q"), sample_row("q")]):
            with pytest.raises(ValueError, match="sampled twice"):
                store.commit(rows, {})


def test_starts_are_counted_across_processes(tmp_path: Path) -> None:
    """Each start gets the next number, and the count is no part of the finished artifact."""
    with artifacts.Output(path=tmp_path, stage="sample", name="s", key=key("a")).claim() as draft:
        assert [Store(draft).count_start() for _ in range(3)] == [1, 2, 3]
        Store(draft).finish()
        done = draft.finish(EMPTY)
    assert done.manifest.files == {}


def test_an_engine_that_was_half_recorded_is_no_engine(tmp_path: Path) -> None:
    """Killed while it records its engine, a start leaves half a line; the next one is recorded all the same."""
    with artifacts.Output(path=tmp_path, stage="sample", name="s", key=key("a")).claim() as draft:
        Store(draft).record_engine({"engine": "first"})
        with (tmp_path / ENGINES).open("ab") as stream:
            stream.write(b'{"engine": "sec')
        Store(draft).record_engine({"engine": "third"})
        assert Store(draft).engine_facts() == {"engine": "third", "other_engines": [{"engine": "first"}]}
