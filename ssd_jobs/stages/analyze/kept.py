"""What was measured so far, kept on disk context by context, so that a stage that is killed goes on where it was."""

import hashlib
import io
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ssd_jobs.artifacts import Draft
from ssd_jobs.stages.analyze.statistics import Arm

__all__ = ["UNFINISHED", "Kept"]

UNFINISHED = "contexts"
"""The directory of it; no part of the artifact."""


class Kept:
    """The measurements of an artifact that is being made; those of other inputs are thrown away."""

    def __init__(self, draft: Draft, identity: Mapping[str, Any]) -> None:
        digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
        self._draft = draft
        self._folder = f"{UNFINISHED}/{digest[:16]}"
        everything = draft.path / UNFINISHED
        for other in everything.glob("*"):
            if other.name != digest[:16]:
                shutil.rmtree(other)
        (draft.path / self._folder).mkdir(parents=True, exist_ok=True)

    def has(self, model: str, context: int) -> bool:
        """Tell whether a model has been measured on a context."""
        return self._path(model, context).is_file()

    def save(self, model: str, context: int, measured: Arm) -> None:
        """Keep a measurement, whole or not at all."""
        stream = io.BytesIO()
        np.savez(stream, **vars(measured))
        self._draft.write_bytes(self._name(model, context), stream.getvalue())

    def load(self, model: str, context: int) -> Arm:
        """Return a measurement as it was."""
        with np.load(self._path(model, context)) as arrays:
            return Arm(**arrays)

    def _name(self, model: str, context: int) -> str:
        return f"{self._folder}/{model}-{context:06d}.npz"

    def _path(self, model: str, context: int) -> Path:
        return self._draft.path / self._name(model, context)
