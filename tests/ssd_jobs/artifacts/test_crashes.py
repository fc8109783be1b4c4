"""Artifacts are complete or absent, whatever happens to their writers."""

import errno
import fcntl
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from processes import artifact_writer, disks
from ssd_jobs import artifacts
from ssd_jobs.artifacts import tables
from ssd_jobs.contract import files
from ssd_jobs.errors import BadInput, ExitCode, JobError, Temporary

KILLS = 12


def start(path: Path, pause: float) -> subprocess.Popen[str]:
    """Start a writer and wait until it has begun."""
    writer = subprocess.Popen(
        [sys.executable, artifact_writer.__file__, str(path), str(pause)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout is not None
    assert writer.stdout.readline() == "ready\n"
    return writer


def test_kill_at_any_moment_leaves_nothing_that_looks_complete(tmp_path: Path) -> None:
    """A writer that is killed leaves no manifest, and the next one finishes what it began."""
    path = tmp_path / "checkpoints" / "x"
    chance = random.Random(7)
    for _ in range(KILLS):
        writer = start(path, 0.01)
        time.sleep(chance.uniform(0.0, 0.1))
        writer.kill()
        writer.communicate()
        found = artifacts.complete(path, key=artifact_writer.KEY)
        if found is not None:
            found.verify()
    artifact_writer.write(path)
    done = artifacts.complete(path, key=artifact_writer.KEY)
    assert done is not None
    done.verify()
    assert sorted(done.manifest.files) == [files.part(number) for number in range(artifact_writer.FILES)]
    assert not list(path.glob(".tmp-*"))


def test_the_digest_does_not_depend_on_how_often_the_writer_was_killed(tmp_path: Path) -> None:
    """The same content has the same digest, however it came about."""
    artifact_writer.write(tmp_path / "calm")
    writer = start(tmp_path / "rough", 0.02)
    time.sleep(0.08)
    writer.kill()
    writer.communicate()
    artifact_writer.write(tmp_path / "rough")
    assert artifacts.open_artifact(tmp_path / "calm").digest == artifacts.open_artifact(tmp_path / "rough").digest


def test_a_second_writer_is_sent_away_while_the_first_one_lives(tmp_path: Path) -> None:
    """Two writers never share a directory: the second leaves with 75 and loses nothing."""
    first = start(tmp_path / "x", 60.0)
    deadline = time.monotonic() + 30
    while not (tmp_path / "x" / files.part(0)).exists():
        assert time.monotonic() < deadline
    second = start(tmp_path / "x", 0.0)
    _, output = second.communicate(timeout=60)
    assert second.returncode == ExitCode.TEMPORARY
    assert "another process is writing this artifact" in output
    first.kill()
    first.communicate()
    artifact_writer.write(tmp_path / "x")
    artifacts.open_artifact(tmp_path / "x").verify()


def test_a_lock_in_the_same_process_is_seen_through_another_process_only(tmp_path: Path) -> None:
    """The lock belongs to the process: it falls with it, even when the process is killed while holding it."""
    writer = start(tmp_path / "x", 5.0)
    writer.kill()
    writer.communicate()
    with artifacts.Output(path=tmp_path / "x", stage="s", name="n", key=artifact_writer.KEY).claim():
        pass


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    with disks.small(tmp_path / "small", megabytes=1) as mount:
        yield mount


def test_a_full_disk_is_one_sentence_and_nothing_is_lost(full_disk: Path) -> None:
    """Without space the stage waits with a sentence; after freeing some it finishes."""
    ballast = full_disk / "ballast"
    ballast.write_bytes(b"x" * (1024 * 1024 - 24 * 1024))
    with pytest.raises(Temporary, match="no space left on the volume"):
        artifact_writer.write(full_disk / "x")
    assert artifacts.complete(full_disk / "x", key=artifact_writer.KEY) is None
    ballast.unlink()
    artifact_writer.write(full_disk / "x")
    artifacts.open_artifact(full_disk / "x").verify()


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_volume_without_locks_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """Where the kernel cannot keep two writers apart, nobody writes."""

    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "lockf", refuse)
    with pytest.raises(BadInput, match=r"the volume keeps no locks \(.*use one that has POSIX locks"):
        artifact_writer.write(tmp_path / "x")


def test_a_volume_of_somebody_else_is_named() -> None:
    """A directory that this user may not write to is one sentence with the directory and the user."""
    script = "import os, pathlib, sys, artifact_writer\nos.getuid() or os.setuid(65532)\n"
    script += "artifact_writer.write(pathlib.Path(sys.argv[1]))"
    search = os.pathsep.join([str(Path(artifact_writer.__file__).parent), *filter(None, sys.path)])
    with tempfile.TemporaryDirectory() as closed:
        Path(closed).chmod(0o555)
        done = subprocess.run(
            [sys.executable, "-c", script, f"{closed}/x"],
            env={**os.environ, "PYTHONPATH": search},
            capture_output=True,
            text=True,
            check=False,
        )
    assert re.search(rf"BadInput: {closed}/x: closed to user \d+; give the volume to that user", done.stderr), (
        done.stderr
    )


def test_a_changed_file_is_named(tmp_path: Path) -> None:
    """Verification names the file that differs from its manifest."""
    artifact_writer.write(tmp_path / "x")
    victim = tmp_path / "x" / files.part(3)
    shutil.copyfile(tmp_path / "x" / files.part(4), victim)
    with pytest.raises(JobError, match=r"part-00003\.parquet: differs from its manifest"):
        artifacts.open_artifact(tmp_path / "x").verify()


@pytest.mark.parametrize("name", [files.part(3), files.part(99)])
def test_a_table_is_read_only_as_the_manifest_vouches_for_it(tmp_path: Path, name: str) -> None:
    """A table that was exchanged for another valid one, or put beside the others later, is not read."""
    artifact_writer.write(tmp_path / "x")
    shutil.copyfile(tmp_path / "x" / files.part(4), tmp_path / "x" / name)
    artifacts.open_artifact(tmp_path / "x").table(files.part(4), tables.METRICS)
    with pytest.raises(JobError, match=rf"{name}: (differs from its|is not in the) manifest; remove .* and run"):
        artifacts.open_artifact(tmp_path / "x").table(name, tables.METRICS)


def test_a_directory_of_another_key_is_refused(tmp_path: Path) -> None:
    """An artifact is never mistaken for one with another recipe."""
    artifact_writer.write(tmp_path / "x")
    with pytest.raises(JobError, match="belongs to key aaaaaaaaaaaa, not bbbbbbbbbbbb"):
        artifacts.complete(tmp_path / "x", key="b" * 64)


def test_temporary_is_a_temporary_error() -> None:
    """The code that a busy directory gives is the one that runners do not count."""
    assert Temporary("x").exit_code == ExitCode.TEMPORARY


def test_a_library_that_gives_no_number_is_understood(full_disk: Path) -> None:
    """safetensors is written in Rust: its error about a full disk is no OSError."""
    with (
        pytest.raises(Temporary, match="no space left on the volume"),
        artifacts.Output(path=full_disk / "x", stage="s", name="n", key=artifact_writer.KEY).claim() as draft,
    ):
        save_file({"weight": torch.zeros(2**19)}, draft.path / "model.safetensors")
