"""Checkpoints: distributed, written while training goes on, complete or not there.

`steps/step-000250/` holds what torch's distributed checkpointing writes, so that another number of ranks can read it.
`COMPLETE` is written last, by rank 0, and names every file with its hash; a directory without it, or whose files
differ from it, is never loaded.
"""

import contextlib
import json
import logging
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch.distributed.checkpoint import state_dict_loader, state_dict_saver
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.filesystem import FileSystemReader, FileSystemWriter

from ssd_jobs.artifacts import atomic, disk
from ssd_jobs.artifacts.manifest import file_entry
from ssd_jobs.contract import files
from ssd_jobs.errors import JobError, first_line
from ssd_jobs.stages.train.ranks import Ranks

__all__ = ["COMPLETE", "Checkpoints", "State"]

COMPLETE = "COMPLETE"
State = dict[str, dict[str, torch.Tensor]]
LOGGER = logging.getLogger(__name__)


class Checkpoints:
    """The checkpoints of one training; every public method is called by all ranks alike."""

    def __init__(self, directory: Path, ranks: Ranks, *, keep: int) -> None:
        self._directory = directory
        self._ranks = ranks
        self._keep = keep
        self._group = dist.new_group(backend="gloo")
        self._pending: _Pending | None = None

    @property
    def pending(self) -> int | None:
        """The step whose checkpoint is being written."""
        return None if self._pending is None else self._pending.step

    def ready(self) -> bool:
        """Whether this rank has written its part of the pending checkpoint."""
        return self._pending is not None and self._pending.finished.is_set()

    def start(self, step: int, state: State, facts: dict[str, Any]) -> None:
        """Copy the state and write it in the background; a checkpoint still pending is settled first."""
        self.settle()
        path = self._path(step)
        if self._ranks.first:
            shutil.rmtree(path, ignore_errors=True)
            path.mkdir(parents=True)
        dist.barrier(self._group)
        writer = FileSystemWriter(path, sync_files=True)
        with _checkpoint_errors(path, "written"):
            upload = state_dict_saver.async_save(state, storage_writer=writer, process_group=self._group)
        assert isinstance(upload, Future)
        self._pending = _Pending(step, path, facts, upload, self._ranks)

    def settle(self) -> None:
        """Wait until every rank has written its part, mark the checkpoint complete, and remove old ones."""
        pending, self._pending = self._pending, None
        if pending is None:
            return
        files: list[dict[str, Any] | None] = [None] * self._ranks.world
        dist.all_gather_object(files, pending.result(), group=self._group)
        if self._ranks.first:
            document = {
                "step": pending.step,
                "world": self._ranks.world,
                "torch": torch.__version__,
                "facts": pending.facts,
                "files": {name: entry for part in files if part for name, entry in part.items()},
            }
            # The files' names reach the disk before COMPLETE does: a checkpoint is never complete without them.
            atomic.sync_directory(pending.path)
            atomic.write_text(pending.path / COMPLETE, json.dumps(document, indent=1) + "\n")
            self._rotate(pending.step)
        dist.barrier(self._group)

    def restore(self, state: State) -> tuple[int, dict[str, Any]]:
        """Fill the tensors from the newest checkpoint that is whole; return its step and facts, or 0."""
        for path in self._shared(self._complete() if self._ranks.first else []):
            document = self._document(path)
            if document is not None and self._whole(path, document["files"]):
                with _checkpoint_errors(path, "read"):
                    state_dict_loader.load(state, storage_reader=FileSystemReader(path), process_group=self._group)
                return document["step"], document["facts"]
            LOGGER.warning("%s: damaged; going back to the checkpoint before it", path)
        return 0, {}

    def _document(self, path: Path) -> dict[str, Any] | None:
        """Return what COMPLETE says, as rank 0 reads it."""
        document = None
        if self._ranks.first:
            with contextlib.suppress(OSError, ValueError):
                document = json.loads((path / COMPLETE).read_text(encoding="utf-8"))
        box = [document]
        dist.broadcast_object_list(box, src=0, group=self._group)
        return box[0]

    def _path(self, step: int) -> Path:
        """Return a checkpoint's directory."""
        return self._directory / files.step(step)

    def _complete(self) -> list[Path]:
        """Return the complete checkpoints, newest first."""
        return [path for path in self._all() if (path / COMPLETE).exists()]

    def _all(self) -> list[Path]:
        """Return all checkpoints, whole or not, newest first."""
        if not self._directory.exists():
            return []
        steps = (files.step_number(path.name) for path in self._directory.iterdir())
        return [self._path(step) for step in sorted((step for step in steps if step is not None), reverse=True)]

    def _shared(self, paths: list[Path]) -> list[Path]:
        """Broadcast rank 0's paths, so that all ranks load the same checkpoint."""
        box = [paths]
        dist.broadcast_object_list(box, src=0, group=self._group)
        return box[0]

    def _whole(self, path: Path, entries: dict[str, dict[str, Any]]) -> bool:
        """Compare all files with their recorded hashes, each on one rank; return whether all agree."""
        mine = sorted(entries)[self._ranks.rank :: self._ranks.world]
        damaged = torch.tensor([int(any(_entry(path / name) != entries[name] for name in mine))])
        dist.all_reduce(damaged, group=self._group)
        return not damaged.item()

    def _rotate(self, step: int) -> None:
        """Remove all checkpoints but the newest complete ones up to this step."""
        kept = [path for path in self._complete() if path <= self._path(step)][: self._keep]
        for path in self._all():
            if path not in kept:
                (path / COMPLETE).unlink(missing_ok=True)
                shutil.rmtree(path, ignore_errors=True)


class _Pending:
    """A checkpoint that is being written: this rank's files, hashed in the background."""

    def __init__(self, step: int, path: Path, facts: dict[str, Any], upload: "Future[Any]", ranks: Ranks) -> None:
        self.step, self.path, self.facts = step, path, facts
        self.finished = threading.Event()
        self._upload, self._ranks = upload, ranks
        self._files: dict[str, Any] = {}
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._watch, name=f"checkpoint-{step}", daemon=True)
        self._thread.start()

    def result(self) -> dict[str, Any]:
        """Wait, and return this rank's files with their hashes."""
        self._thread.join()
        if self._error is not None:
            with _checkpoint_errors(self.path, "written"):
                raise self._error
        return self._files

    def _watch(self) -> None:
        """Wait until torch has written this rank's files, then hash them."""
        try:
            self._upload.result()
            own = list(self.path.glob(f"__{self._ranks.rank}_*"))
            shared = [self.path / ".metadata"] if self._ranks.first else []
            self._files = {path.name: _entry(path) for path in own + shared}
        except BaseException as error:  # noqa: BLE001 - raised again on the main thread
            self._error = error
        self.finished.set()


@contextlib.contextmanager
def _checkpoint_errors(path: Path, action: str) -> Iterator[None]:
    """Turn torch's CheckpointException into a JobError that names the first cause and the free space.

    CheckpointException derives from BaseException and lists a failure per rank; it does not say that a volume is full.
    """
    try:
        yield
    except CheckpointException as error:
        cause = next((failure for failure, _ in error.failures.values()), error)
        if action == "written" and disk.is_full(cause, path):
            raise disk.full(path) from error
        free = shutil.disk_usage(path).free // 2**20
        raise JobError(
            f"{path}: cannot be {action}"
            f" ({type(cause).__name__}: {first_line(cause)}; {free} MB are free on the volume);"
            " the complete checkpoints are kept, run again when there is room"
        ) from error


def _entry(path: Path) -> dict[str, Any] | None:
    """Return a file's size and hash, None when it cannot be read."""
    try:
        return file_entry(path).model_dump()
    except OSError:
        return None
