"""The frame of a stage: whatever happens to it, its artifact is complete or absent, and made once."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from ssd_jobs import artifacts
from ssd_jobs.artifacts import Artifact, Draft, Output, Provenance
from ssd_jobs.contract import files
from ssd_jobs.errors import BadInput, Temporary
from ssd_jobs.progress.recorder import Progress, read
from workspaces.provenance import EMPTY

WRITES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chmod", "os.truncate", "fcntl.lockf"}
MADE = Provenance(science={"seed": 1}, inputs={"model": "d"}, counts={"rows": 3}, facts={"device": "cpu"}, image="i")


def output(root: Path) -> Output:
    """An output of two directories, one of which is no part of the artifact."""
    return Output(path=root / "records" / "x", stage="s", name="n", key="a" * 64, shard=2, unfinished=("steps",))


def work(draft: Draft) -> Provenance:
    """Start afresh and write three files, and one that is not to be kept."""
    draft.clear()
    for folder in ("model", "steps"):
        (draft.path / folder).mkdir()
    draft.write_text("one.json", "1")
    draft.write_text("model/two.json", "2")
    draft.write_text("steps/three.json", "3")
    draft.write_text("four.json", "4")
    return MADE


def never(draft: Draft) -> Provenance:
    """Fail the test: there is nothing to do."""
    raise AssertionError(draft.path)


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    """What is made when nothing happens."""
    return artifacts.make(output(tmp_path_factory.mktemp("calm")), work)


def test_the_manifest_tells_what_the_work_says(tmp_path: Path) -> None:
    """Files, identity and what the work returned are on record; what the output calls unfinished is not."""
    made = artifacts.make(output(tmp_path), work)
    manifest = json.loads((tmp_path / "records/x" / files.MANIFEST).read_text())
    assert sorted(manifest["files"]) == ["four.json", "model/two.json", "one.json"]
    assert {name: manifest[name] for name in ("stage", "name", "key", "shard", "format")} == {
        "stage": "s", "name": "n", "key": "a" * 64, "shard": 2, "format": 1,
    }  # fmt: skip
    assert {name: manifest[name] for name in ("science", "inputs", "counts", "facts")} == {
        "science": {"seed": 1}, "inputs": {"model": "d"}, "counts": {"rows": 3}, "facts": {"device": "cpu"},
    }  # fmt: skip
    assert (tmp_path / "records/x/steps/three.json").exists()
    assert made == artifacts.open_artifact(tmp_path / "records/x")


def test_an_artifact_is_made_once(tmp_path: Path) -> None:
    """What is complete is found: no work is done, nothing is written."""
    made = artifacts.make(output(tmp_path), work)
    before = (made.path / files.MANIFEST).stat().st_mtime_ns
    assert artifacts.make(output(tmp_path), never) == made
    assert (made.path / files.MANIFEST).stat().st_mtime_ns == before


def test_an_artifact_that_was_made_meanwhile_is_found(tmp_path: Path) -> None:
    """Who gets the claim after another process has finished does not do the work again."""

    class Late(Output):
        """An output that another process finishes just before the claim is ours."""

        @contextmanager
        def claim(self) -> Iterator[Draft]:
            artifacts.make(output(tmp_path), work)
            with super().claim() as draft:
                yield draft

    late = Late(**vars(output(tmp_path)))
    assert artifacts.make(late, never) == artifacts.open_artifact(late.path)


def test_another_recipe_is_not_found(tmp_path: Path) -> None:
    """A directory that holds another key's artifact is neither taken for ours nor overwritten."""
    artifacts.make(output(tmp_path), work)
    with pytest.raises(BadInput, match="belongs to key aaaaaaaaaaaa, not bbbbbbbbbbbb"):
        artifacts.make(replace(output(tmp_path), key="b" * 64), never)


def test_work_that_fails_leaves_no_artifact(tmp_path: Path) -> None:
    """An error is the stage's own; the next start does the work, with what is there already."""

    def fail(draft: Draft) -> Provenance:
        draft.write_text("one.json", "1")
        raise BadInput("broken")

    with pytest.raises(BadInput, match="broken"):
        artifacts.make(output(tmp_path), fail)
    assert output(tmp_path).find() is None
    assert artifacts.make(output(tmp_path), lambda _: EMPTY).manifest.files.keys() == {"one.json"}


def test_progress_is_shown_where_the_work_is_done(tmp_path: Path) -> None:
    """While it works a stage shows how far it is beside its artifact, of which that is no part."""
    progress = Progress()

    def report(draft: Draft) -> Provenance:
        progress.update(done=1, total=1, unit="steps")
        return EMPTY

    made = artifacts.make(output(tmp_path), report, progress=progress)
    assert read(made.path) == {"done": 1, "total": 1, "unit": "steps"}
    assert not made.manifest.files


def test_a_second_writer_is_sent_away(tmp_path: Path) -> None:
    """While one process does the work, another one leaves with the temporary error and writes nothing."""
    started, ended = os.pipe(), os.pipe()

    def slow(_: Draft) -> Provenance:
        os.write(started[1], b"!")
        os.read(ended[0], 1)
        return EMPTY

    child = forked(lambda: artifacts.make(output(tmp_path), slow))
    os.read(started[0], 1)
    with pytest.raises(Temporary, match="another process is writing this artifact; wait for it or stop it"):
        artifacts.make(output(tmp_path), never)
    os.write(ended[1], b"!")
    assert os.waitpid(child, 0)[1] == 0
    assert artifacts.make(output(tmp_path), never).manifest.files == {}


def test_killed_at_every_step_and_again(tmp_path: Path, calm: Artifact) -> None:
    """A frame that is killed before any of its writes, and then before the same write of its second start, leaves a
    complete artifact or none; the next start makes the artifact that it would have been."""
    for step in range(200):
        place = output(tmp_path / str(step))
        ends = [killed_at(step, place), killed_at(step, place)]
        made = artifacts.make(place, work)
        made.verify()
        assert (made.digest, made.manifest.files.keys()) == (calm.digest, calm.manifest.files.keys())
        assert not list(place.path.rglob(".tmp-*"))
        if ends[0]:
            break
    assert 20 < step < 199


def killed_at(step: int, place: Output) -> bool:
    """Make an artifact in a process that is killed before a write; return whether it had so many writes at all."""
    ended = os.waitpid(forked(lambda: artifacts.make(place, work), kill_at=step), 0)[1] == 0
    found = place.find()
    assert found is not None or not ended
    if found is not None:
        found.verify()
    return ended


def forked(call: Callable[[], object], *, kill_at: int | None = None) -> int:
    """Call in a process of its own, which ends like a killed one before its write of this number."""
    child = os.fork()
    if child:
        return child
    seen = 0

    def count(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal seen
        creates = event == "open" and isinstance(arguments[2], int) and bool(arguments[2] & os.O_CREAT)
        if event in WRITES or creates:
            if seen == kill_at:
                os._exit(9)
            seen += 1

    sys.addaudithook(count)
    try:
        call()
    except BaseException:  # noqa: BLE001 - a process that was forked must never return into the tests
        os._exit(1)
    os._exit(0)
