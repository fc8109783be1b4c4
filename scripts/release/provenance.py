"""Provenance: what was made, from which commit, with which locks and tools; an in-toto statement with SLSA's predicate.

It says nothing of when or where it was built, so it is the same wherever the same commit is released.
"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from release.images import Image, built_parts
from release.source import Source

__all__ = ["statement"]

BUILD_TYPE = "selfdistill.dev/make-release@v1"


def statement(source: Source, built: Iterable[Path], images: list[Image], tools: dict[str, str]) -> str:
    """Return the statement about every file of the release, and about the images that were built from the commit."""
    subjects = [{"name": each.name, "digest": {"sha256": sha256(each)}} for each in sorted(built)]
    subjects += [
        {"name": each.reference, "digest": {"sha256": each.digest.removeprefix("sha256:")}}
        for each in built_parts(images)
    ]
    locks = [*source.locks, source.tree / "requirements" / "build.txt", source.tree / "requirements" / "release.txt"]
    materials: list[dict[str, Any]] = [{"name": "source", "digest": {"gitCommit": source.commit}}]
    materials += [{"name": f"requirements/{each.name}", "digest": {"sha256": sha256(each)}} for each in sorted(locks)]
    predicate = {
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": {"version": source.version},
            "internalParameters": {"SOURCE_DATE_EPOCH": source.epoch, "tools": tools},
            "resolvedDependencies": materials,
        },
        "runDetails": {"builder": {"id": "make release"}},
    }
    whole = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": subjects,
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": predicate,
    }
    return json.dumps(whole, indent=1) + "\n"


def sha256(path: Path) -> str:
    """Return the digest of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
