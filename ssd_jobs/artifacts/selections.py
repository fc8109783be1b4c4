"""The decode setting that was chosen for an arm, as those read it who generate, grade and report at it."""

from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from ssd_jobs.artifacts.reading import Artifact, open_artifact
from ssd_jobs.contract import Choice, files
from ssd_jobs.errors import BadInput

__all__ = ["read", "wanted"]


def read(artifact: Artifact) -> Choice:
    """Return a choice, if the file still is what its manifest vouches for."""
    artifact.verify([files.SELECTION])
    try:
        return Choice.model_validate_json((artifact.path / files.SELECTION).read_text(encoding="utf-8"))
    except ValidationError:
        raise BadInput(
            f"{artifact.path / files.SELECTION}: is no choice of this version; "
            f"remove {artifact.path} and run its stage again"
        ) from None


def wanted(settings: Iterable[str], selection: Path | None) -> frozenset[str]:
    """Return the settings that a stage works at: the chosen one, or all where none is to be chosen."""
    return frozenset(settings) if selection is None else frozenset({read(open_artifact(selection)).chosen})
