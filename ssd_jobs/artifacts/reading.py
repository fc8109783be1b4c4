"""Reading artifacts: only complete ones, and only what their manifests vouch for."""

from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from pydantic import ValidationError

from ssd_jobs.artifacts import manifest, tables
from ssd_jobs.contract import files
from ssd_jobs.errors import BadInput, JobError

__all__ = ["Artifact", "complete", "open_artifact"]

READERS = 4
"""Files that are hashed at once: hashing releases the interpreter, and one stream does not fill a fast volume."""


@dataclass(frozen=True)
class Artifact:
    """A complete artifact, or one complete shard of one."""

    path: Path
    manifest: manifest.Manifest

    @property
    def digest(self) -> str:
        """The digest of its content."""
        return self.manifest.digest

    def verify(self, names: Collection[str] | None = None, *, on_file: Callable[[], None] = lambda: None) -> None:
        """Hash files again, all of them unless some are named; refuse a changed or missing one by its name."""
        with ThreadPoolExecutor(READERS) as pool:
            for _ in pool.map(self._verify, self.manifest.files if names is None else names):
                on_file()

    def table(
        self, name: str, schema: pa.Schema, *, columns: list[str] | None = None, problems: list[str] | None = None
    ) -> pa.Table:
        """Read one parquet file, if it still is what the manifest vouches for."""
        self._verify(name)
        return tables.read(schema, self.path / name, columns=columns, problems=problems)

    def samples(self, *, columns: list[str] | None = None) -> pa.Table:
        """Read the samples of a shard, in the order in which they were finished."""
        parts = list(self.samples_by_part(columns=columns))
        if parts:
            return pa.concat_tables(parts)
        empty = tables.SAMPLES.empty_table()
        return empty if columns is None else empty.select(columns)

    def samples_by_part(self, *, columns: list[str] | None = None) -> Iterator[pa.Table]:
        """Yield the samples file by file: a shard of long completions is gigabytes, a part of it is not."""
        for name in files.parts(self.manifest.files):
            yield self.table(name, tables.SAMPLES, columns=columns)

    def _verify(self, name: str) -> None:
        """Hash one file again."""
        file, again = self.path / name, f"remove {self.path} and run its stage again"
        if name not in self.manifest.files:
            raise BadInput(f"{file}: is not in the manifest; {again}")
        if not file.is_file():
            raise BadInput(f"{file}: missing, though the manifest lists it; {again}")
        if manifest.file_entry(file) != self.manifest.files[name]:
            raise BadInput(f"{file}: differs from its manifest; {again}")


def complete(path: Path, *, key: str) -> Artifact | None:
    """Return the artifact if it is complete, None if it is not there yet."""
    file = path / files.MANIFEST
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    try:
        document = manifest.Manifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the document"
        raise BadInput(f"{file}: {where}: {first['msg']}; remove {path} and run its stage again") from None
    if document.key != key:
        raise BadInput(
            f"{file}: belongs to key {document.key[:12]}, not {key[:12]}; remove {path} and run its stage again"
        )
    return Artifact(path, document)


def open_artifact(path: Path) -> Artifact:
    """Return an artifact that an earlier stage must have completed; its path ends with its key."""
    try:
        document = manifest.Manifest.model_validate_json((path / files.MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise JobError(f"{path}: not complete (no {files.MANIFEST}); run the stage that writes it first") from None
    except ValidationError:
        raise BadInput(
            f"{path / files.MANIFEST}: is no manifest of this version; remove {path} and run its stage again"
        ) from None
    return Artifact(path, document)
