"""The frame of a stage: find its artifact complete, or claim the directory, do the work, and finish.

A stage that fills several outputs at once (all decode settings with one engine, a benchmark with its tests) claims and
finishes each `Output` itself.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from ssd_jobs.artifacts.counting import Counted, uncounted
from ssd_jobs.artifacts.draft import Draft, Output
from ssd_jobs.artifacts.manifest import Provenance
from ssd_jobs.artifacts.reading import Artifact

__all__ = ["make"]


class _Progress(Protocol):
    """Whoever keeps how far a stage is in a file of a directory."""

    def attach(self, directory: Path) -> None:
        """Keep the file in this directory from now on."""


def make(
    output: Output,
    work: Callable[[Draft], Provenance],
    *,
    progress: _Progress | None = None,
    hashed: Counted = uncounted,
) -> Artifact:
    """Return the artifact; `work` writes its files and says what the manifest tells, unless it is complete already.

    Without `progress` the stage shows how far it is in another place than the artifact's directory. `hashed` hears how
    many bytes of the files are hashed.
    """
    found = output.find()
    if found is not None:
        return found
    with output.claim() as draft:
        # Whoever held the claim until now may have finished.
        found = output.find()
        if found is not None:
            return found
        if progress is not None:
            progress.attach(output.path)
        return draft.finish(work(draft), hashed=hashed)
