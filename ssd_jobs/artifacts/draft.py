"""Writing an artifact: claim its directory, write files, finish with the manifest.

Two writers of one directory are kept apart by a lock on a file in it. Files of an earlier, unfinished attempt stay: a
stage that can resume finds them, and `finish` records exactly the files that are then there.
"""

import shutil
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ssd_jobs.artifacts import atomic, disk, locking, manifest, tables
from ssd_jobs.artifacts.counting import Counted, piecewise, uncounted
from ssd_jobs.artifacts.reading import Artifact, complete
from ssd_jobs.contract import files

__all__ = ["PRIVATE", "Draft", "Output", "named"]

PRIVATE = (locking.LOCK, files.MANIFEST, files.COLLECTED, files.PROGRESS)
"""Files that live in the directory but are not its content."""


@dataclass(frozen=True, kw_only=True)
class Output:
    """A directory that a stage writes, an artifact or a shard of one, and what its manifest calls it."""

    path: Path
    stage: str
    name: str
    key: str
    shard: int | None = None
    shards: int = 1
    """Of how many it is the shard."""
    unfinished: tuple[str, ...] = ()
    """Directories in it whose content is no part of the artifact, such as checkpoints that rotate."""

    @property
    def place(self) -> tuple[int, int]:
        """Which shard it is, and of how many; what is not in shards is the only one."""
        return self.shard or 0, self.shards

    def find(self) -> Artifact | None:
        """Return the artifact if it is complete, None if it is not there yet."""
        return complete(self.path, key=self.key)

    @contextmanager
    def claim(self) -> Iterator["Draft"]:
        """Own the directory until the block ends; a second owner is told to come back later."""
        with disk.explained(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            with locking.locked(self.path):
                for leftover in self.path.rglob(f"{atomic.TEMPORARY}*"):
                    shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink(missing_ok=True)
                yield Draft(self)


def named(outputs: Iterable[Output]) -> str:
    """Return the shards in a word for a person; a process may have none, where an artifact has few."""
    numbers = sorted({output.shard for output in outputs if output.shard is not None})
    return f"shard {', '.join(map(str, numbers))}" if numbers else "no shard"


class Draft:
    """An artifact that is being written by this process alone."""

    def __init__(self, output: Output) -> None:
        self.path = output.path
        self._output = output
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

    def finish(self, made: manifest.Provenance, *, hashed: Counted = uncounted) -> Artifact:
        """Write the manifest; from here on the artifact is complete. `hashed` hears how many bytes of how many are."""
        output = self._output
        found = dict(_content(self.path, output.unfinished))
        one_is_hashed = piecewise((path.stat().st_size for path in found.values()), hashed)
        entries: dict[str, manifest.FileEntry] = {}
        for name, path in found.items():
            entries[name] = manifest.file_entry(path)
            one_is_hashed()
        document = manifest.Manifest.model_validate(
            {
                "format": manifest.FORMAT,
                "stage": output.stage,
                "name": output.name,
                "key": output.key,
                "shard": output.shard,
                "digest": manifest.content_digest(entries),
                "files": entries,
                "inputs": dict(made.inputs),
                "science": dict(made.science),
                "counts": dict(made.counts),
                "facts": dict(made.facts),
                "environment": manifest.environment(made.image),
                "started": self._started,
                "finished": manifest.now(),
            }
        )
        atomic.write_text(self.path / files.MANIFEST, document.model_dump_json(indent=1) + "\n")
        return Artifact(self.path, document)


def _content(path: Path, unfinished: tuple[str, ...]) -> Iterator[tuple[str, Path]]:
    """Yield the files of an artifact by their relative names."""
    for child in sorted(path.rglob("*")):
        relative = child.relative_to(path)
        if child.is_dir() or relative.parts[0] in unfinished or relative.parts[0] in PRIVATE:
            continue
        if any(part.startswith(atomic.TEMPORARY) for part in relative.parts):
            continue
        yield relative.as_posix(), child
