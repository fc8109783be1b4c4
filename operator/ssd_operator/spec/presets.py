"""The published experiments that ship with the package: one YAML file each, every value with its source.

A preset is written like a user's spec and is judged like one. Its version is the digest of its file, which the
resolved spec records.
"""

from __future__ import annotations

import copy
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from ssd_jobs.contract.printable import brief
from ssd_operator.errors import InvalidSpec, Problem
from ssd_operator.spec import documents

__all__ = ["Preset", "load", "names"]

_FOLDER = resources.files("ssd_operator.spec") / "presets"


@dataclass(frozen=True)
class Preset:
    """One published experiment."""

    name: str
    text: str
    """The file as it stands, comments with sources included."""

    @property
    def digest(self) -> str:
        """Version of the preset."""
        return f"sha256:{hashlib.sha256(self.text.encode()).hexdigest()}"

    @property
    def spec(self) -> dict[str, Any]:
        """A fresh copy of what it says."""
        return copy.deepcopy(_parsed(self.name, self.text))


@cache
def _parsed(name: str, text: str) -> dict[str, Any]:
    """Parse a preset once; resolving is on the operator's way to every new resource."""
    value = documents.load(text, origin=f"preset {name}").value
    assert isinstance(value, dict)
    return value


@cache
def names() -> tuple[str, ...]:
    """Return the names of all presets, sorted."""
    return tuple(
        sorted(entry.name.removesuffix(".yaml") for entry in _FOLDER.iterdir() if entry.name.endswith(".yaml"))
    )


@cache
def load(name: str) -> Preset:
    """Return the preset of this name, or raise InvalidSpec that lists the names there are."""
    if name not in names():
        raise InvalidSpec([Problem("spec.preset", f"no preset {brief(repr(name))}; there are {', '.join(names())}")])
    return Preset(name, (_FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
