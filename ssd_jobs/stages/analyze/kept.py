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
from ssd_jobs.stages.analyze.measurement import Arm
from ssd_jobs.stages.analyze.target import Aim

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

    def has(self, what: str, context: int) -> bool:
        """Tell whether something has been measured on a context."""
        return self._path(what, context).is_file()

    def save(self, what: str, context: int, measured: Arm | Aim) -> None:
        """Keep a measurement, whole or not at all."""
        stream = io.BytesIO()
        np.savez(stream, **vars(measured))
        self._draft.write_bytes(self._name(what, context), stream.getvalue())

    def arm(self, what: str, context: int) -> Arm:
        """Return a model's measurement as it was."""
        with np.load(self._path(what, context)) as arrays:
            return Arm(**arrays)

    def target(self, what: str, context: int) -> Aim:
        """Return the target of a context as it was."""
        with np.load(self._path(what, context)) as arrays:
            return Aim(**arrays)

    def _name(self, what: str, context: int) -> str:
        return f"{self._folder}/{what}-{context:06d}.npz"

    def _path(self, what: str, context: int) -> Path:
        return self._draft.path / self._name(what, context)
