"""The files of a model: hashed before a library opens them.

A model is a whole artifact (the base) or a directory inside its training's artifact (a candidate). transformers and
vLLM take whatever lies in the directory, so a file that the manifest does not list is as wrong as one that changed.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ssd_jobs.artifacts import manifest, reading
from ssd_jobs.artifacts.counting import Counted, piecewise, uncounted
from ssd_jobs.artifacts.draft import PRIVATE
from ssd_jobs.contract import files
from ssd_jobs.errors import BadInput

__all__ = ["ModelFiles", "exported_digest", "model_files", "shares"]

LOGGER = logging.getLogger(__name__)
DEPTH = 2
"""A candidate is at most so many directories inside its artifact."""
WORTH_A_LINE = 10**9
"""Bytes whose hashing takes so long that the log says what is going on."""


@dataclass(frozen=True)
class ModelFiles:
    """A model's directory, and the artifact whose manifest vouches for its files."""

    directory: Path
    artifact: reading.Artifact

    @property
    def names(self) -> list[str]:
        """The files of the model, relative to the artifact, in order."""
        return sorted(name for name in self.artifact.manifest.files if name.startswith(self._prefix))

    @property
    def settings(self) -> list[str]:
        """Its files without weights: config, tokenizer, templates."""
        return [name for name in self.names if not name.endswith(files.WEIGHTS)]

    @property
    def digest(self) -> str:
        """The digest of the model's files alone: the same weights are the same model, whatever lies beside them."""
        entries = self.artifact.manifest.files
        as_named = f"{files.EXPORT}/" if self._prefix else ""
        return manifest.content_digest(
            {as_named + name.removeprefix(self._prefix): entries[name] for name in self.names}
        )

    @property
    def _prefix(self) -> str:
        """What stands before the names of the model's files in the artifact."""
        inside = self.directory.relative_to(self.artifact.path).as_posix()
        return "" if inside == "." else f"{inside}/"

    def shares(self, count: int) -> list[list[str]]:
        """Share the files out to so many processes."""
        entries = self.artifact.manifest.files
        return shares({name: entries[name] for name in self.names}, count)

    def verify(
        self,
        names: Sequence[str] | None = None,
        *,
        on_file: Callable[[], None] = lambda: None,
        hashed: Counted = uncounted,
    ) -> None:
        """Hash files again, all of them unless some are named; refuse one that is wrong, missing or not listed."""
        self._refuse_strangers()
        wanted = self.names if names is None else names
        sizes = [self.artifact.manifest.files[name].bytes for name in wanted]
        size = sum(sizes)
        one_is_hashed = piecewise(sizes, hashed)

        def heard() -> None:
            one_is_hashed()
            on_file()

        if size >= WORTH_A_LINE:
            LOGGER.info("%s: hashing %d files, %.1f GB, before they are used", self.directory, len(wanted), size / 1e9)
        begun = time.monotonic()
        self.artifact.verify(wanted, on_file=heard)
        if size >= WORTH_A_LINE:
            seconds = time.monotonic() - begun
            LOGGER.info("%s: is what its manifest says (hashed in %.0f s)", self.directory, seconds)

    def _refuse_strangers(self) -> None:
        """Refuse files that the manifest does not list; hidden ones are opened by no library."""
        known = {self.artifact.path / name for name in self.names}
        if not known:
            raise BadInput(
                f"{self.directory}: the manifest of {self.artifact.path} lists no file of it; "
                f"remove {self.artifact.path} and run its stage again"
            )
        for file in sorted(self.directory.rglob("*")):
            parts = file.relative_to(self.directory).parts
            hidden = any(part.startswith(".") for part in parts)
            if not (file in known or file.is_dir() or hidden or parts[0] in PRIVATE):
                raise BadInput(f"{file}: is not in the manifest of {self.artifact.path}; remove this file")


def model_files(directory: Path) -> ModelFiles:
    """Return the files of a model that an earlier stage must have completed."""
    places = (directory, *directory.parents[:DEPTH])
    holder = next((place for place in places if (place / files.MANIFEST).is_file()), directory)
    return ModelFiles(directory, reading.open_artifact(holder))


def exported_digest(directory: Path) -> str:
    """Return the digest that `ModelFiles` gives a trained model with the files of this directory, wherever it lies."""
    found = (file for file in directory.rglob("*") if file.is_file())
    return manifest.content_digest(
        {f"{files.EXPORT}/{file.relative_to(directory).as_posix()}": manifest.file_entry(file) for file in found}
    )


def shares(entries: Mapping[str, manifest.FileEntry], count: int) -> list[list[str]]:
    """Share files out by size: the largest first, each to whoever has least."""
    found: list[list[str]] = [[] for _ in range(count)]
    loads = [0] * count
    for name in sorted(entries, key=lambda name: (-entries[name].bytes, name)):
        least = loads.index(min(loads))
        found[least].append(name)
        loads[least] += entries[name].bytes
    return found
