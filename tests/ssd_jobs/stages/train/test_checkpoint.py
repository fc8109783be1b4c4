"""A checkpoint is complete or it is not there, whatever happens to its writer or its files."""

import os
import random
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from processes import disks
from processes.ranks import CONTEXT
from ssd_jobs.contract import files
from ssd_jobs.errors import JobError, Temporary
from ssd_jobs.stages.train import ranks
from ssd_jobs.stages.train.checkpoint import COMPLETE, Checkpoints, State


def _state(value: int) -> State:
    """Return a state in which every number is the step."""
    return {"weights": {f"w{i}": torch.full((256, 1024), float(value)) for i in range(4)}}


def _write(directory: Path, first: int, last: int) -> None:
    """Write one checkpoint after the other; the state changes as soon as it was copied."""
    with ranks.alone(gpus=0) as place:
        checkpoints = Checkpoints(directory, place, keep=2)
        state = _state(first)
        for step in range(first, last + 1):
            for tensor in state["weights"].values():
                tensor.fill_(float(step))
            checkpoints.start(step, state, {"step": step})
            for tensor in state["weights"].values():
                tensor.fill_(-1.0)
        checkpoints.settle()


def _restored(directory: Path) -> int:
    """Return the step that is restored, after checking that everything in it is of that step."""
    with ranks.alone(gpus=0) as place:
        state = _state(0)
        step, facts = Checkpoints(directory, place, keep=2).restore(state)
    assert facts == ({"step": step} if step else {})
    assert all(bool((tensor == step).all()) for tensor in state["weights"].values())
    return step


def test_killed_at_any_moment(tmp_path: Path) -> None:
    """After kill -9 the newest complete checkpoint loads, whole, and never an older one than was complete before."""
    moments = random.Random(7)
    newest = 0
    for _ in range(6):
        writer = CONTEXT.Process(target=_write, args=(tmp_path, newest + 1, newest + 1000))
        writer.start()
        while not (tmp_path / files.step(newest + 1) / COMPLETE).exists():
            writer.join(0.01)
        writer.join(moments.random() * 0.3)
        os.kill(writer.pid or 0, signal.SIGKILL)
        writer.join()
        reached = _restored(tmp_path)
        assert reached > newest
        newest = reached


DAMAGES: dict[str, Callable[[Path], object]] = {
    "a flipped byte": lambda path: _data(path).write_bytes(_data(path).read_bytes()[:-1] + b"\xff"),
    "a short file": lambda path: _data(path).write_bytes(_data(path).read_bytes()[:-1]),
    "a missing file": lambda path: _data(path).unlink(),
    "no metadata": lambda path: (path / ".metadata").unlink(),
    "no marker": lambda path: (path / COMPLETE).unlink(),
    "half a marker": lambda path: (path / COMPLETE).write_text('{"step": 3'),
}


def _data(path: Path) -> Path:
    """Return a checkpoint's only data file."""
    return next(path.glob("__0_*"))


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_is_never_loaded(tmp_path: Path, damage: str) -> None:
    """The checkpoint before it is, and without one training starts afresh."""
    _write(tmp_path, 1, 3)
    DAMAGES[damage](tmp_path / files.step(3))
    assert _restored(tmp_path) == 2
    DAMAGES[damage](tmp_path / files.step(2))
    assert _restored(tmp_path) == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with room for one checkpoint."""
    with disks.small(tmp_path / "small", megabytes=6) as mount:
        yield mount


def test_a_full_disk_is_one_sentence_and_costs_no_checkpoint(small_disk: Path) -> None:
    """torch's error is a BaseException that names ranks only; ours is for a person, and the checkpoint before stays."""
    with pytest.raises(Temporary, match="step-000002: no space left on the volume; nothing is lost"):
        _write(small_disk, 1, 3)
    assert _restored(small_disk) == 1


def test_a_checkpoint_of_another_model_is_one_sentence(tmp_path: Path) -> None:
    """A checkpoint that is whole and does not fit ends the attempt, and is no traceback of every rank."""
    _write(tmp_path, 1, 1)
    with ranks.alone(gpus=0) as place, pytest.raises(JobError, match=r"step-000001: cannot be read \("):
        Checkpoints(tmp_path, place, keep=2).restore({"weights": {"other": torch.zeros(3)}})


def test_the_last_ones_are_kept(tmp_path: Path) -> None:
    """Older checkpoints and leftovers of killed writers go away as soon as a newer one is complete."""
    (tmp_path / files.step(1)).mkdir()
    _write(tmp_path, 2, 5)
    assert sorted(path.name for path in tmp_path.iterdir()) == [files.step(4), files.step(5)]
