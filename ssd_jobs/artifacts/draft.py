"""Writing an artifact: claim its directory, write files, finish with the manifest.

Two writers of one directory are kept apart by a lock on a file in it; the kernel drops the lock with the
process, so a killed writer never blocks the next one. The second writer leaves with exit code 75 and is tried
again later, when the work is done. Files of an earlier, unfinished attempt stay: a stage that can resume
finds them, and `finish` records exactly the files that are then there.
"""

import errno
import fcntl
import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import JsonValue

from ssd_jobs.artifacts import atomic, disk, manifest, tables
from ssd_jobs.contract import files
from ssd_jobs.errors import BadInput, Temporary

__all__ = ["LOCK", "PRIVATE", "Draft", "claim"]

LOCK = ".lock"
PRIVATE = (LOCK, files.MANIFEST, files.PROGRESS)
"""Files that live in the directory but are not its content."""


class Draft:
    """An artifact that is being written by this process alone."""

    def __init__(self, path: Path, *, stage: str, name: str, key: str, shard: int | None) -> None:
        self.path = path
        self._identity = {"stage": stage, "name": name, "key": key, "shard": shard}
        self._started = manifest.now()

    def write_table(self, name: str, schema: pa.Schema, data: pa.Table) -> None:
        """Write one parquet file atomically, checked against its schema."""
        checked = tables.check(schema, data, source=name)
        with atomic.replacing(self.path / name) as temporary:
            pq.write_table(checked, temporary, compression="zstd")

    def write_text(self, name: str, text: str) -> None:
        """Write one text file atomically."""
        atomic.write_text(self.path / name, text)

    def write_bytes(self, name: str, data: bytes) -> None:
        """Write one file atomically."""
        atomic.write_bytes(self.path / name, data)

    def copy(self, name: str, source: Path) -> None:
        """Copy one file atomically; directories in `name` are made."""
        target = self.path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with atomic.replacing(target) as temporary:
            shutil.copyfile(source, temporary)

    def clear(self, *, keep: Collection[str] = ()) -> None:
        """Remove what an earlier attempt left, but these names, for a stage that starts afresh.

        The manifest goes first: a directory whose files are going is no artifact.
        """
        (self.path / files.MANIFEST).unlink(missing_ok=True)
        for child in self.path.iterdir():
            if child.name in PRIVATE or child.name in keep:
                continue
            shutil.rmtree(child) if child.is_dir() and not child.is_symlink() else child.unlink()

    def finish(
        self,
        *,
        science: Mapping[str, Any],
        inputs: Mapping[str, str],
        counts: Mapping[str, int | float],
        facts: Mapping[str, JsonValue],
        image: str,
        ignore: tuple[str, ...] = (),
    ) -> manifest.Manifest:
        """Write the manifest; from here on the artifact is complete.

        `ignore` names directories whose content is not part of the artifact, such as checkpoints that rotate.
        """
        entries = {name: manifest.file_entry(path) for name, path in _content(self.path, ignore)}
        document = manifest.Manifest.model_validate(
            {
                **self._identity,
                "format": manifest.FORMAT,
                "digest": manifest.content_digest(entries),
                "files": entries,
                "inputs": dict(inputs),
                "science": dict(science),
                "counts": dict(counts),
                "facts": dict(facts),
                "environment": manifest.environment(image),
                "started": self._started,
                "finished": manifest.now(),
            }
        )
        atomic.write_text(self.path / files.MANIFEST, document.model_dump_json(indent=1) + "\n")
        return document


@contextmanager
def claim(path: Path, *, stage: str, name: str, key: str, shard: int | None = None) -> Iterator[Draft]:
    """Own a directory until the block ends; a second owner is told to come back later."""
    with disk.explained(path):
        path.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _lock(descriptor, path)
            for leftover in path.rglob(f"{atomic.TEMPORARY}*"):
                shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink(missing_ok=True)
            yield Draft(path, stage=stage, name=name, key=key, shard=shard)
        finally:
            os.close(descriptor)


def _lock(descriptor: int, path: Path) -> None:
    """Take the directory's lock or leave."""
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EAGAIN):
            raise Temporary(f"{path}: another process is writing this artifact; wait for it or stop it") from None
        if error.errno in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
            raise BadInput(
                f"{path}: the volume keeps no locks ({error.strerror}), so two writers could not be kept apart; "
                f"use one that has POSIX locks"
            ) from None
        raise


def _content(path: Path, ignore: tuple[str, ...]) -> Iterator[tuple[str, Path]]:
    """Yield the files of an artifact by their relative names."""
    for child in sorted(path.rglob("*")):
        relative = child.relative_to(path)
        if child.is_dir() or relative.parts[0] in ignore or relative.parts[0] in PRIVATE:
            continue
        if any(part.startswith(atomic.TEMPORARY) for part in relative.parts):
            continue
        yield relative.as_posix(), child
