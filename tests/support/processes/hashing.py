"""Which files a process hashes."""

from pathlib import Path

import pytest

from ssd_jobs.artifacts import manifest


def recorded(patch: pytest.MonkeyPatch) -> list[Path]:
    """Return the list of files that are hashed from now on."""
    found: list[Path] = []
    entry = manifest.file_entry

    def recording(path: Path) -> manifest.FileEntry:
        found.append(path)
        return entry(path)

    patch.setattr(manifest, "file_entry", recording)
    return found
