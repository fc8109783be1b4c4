"""What the resources that are there use: whatever else is remembered of Jobs, claims and specs can be forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ssd_operator import naming
from ssd_operator.cluster.resources import Key

__all__ = ["InUse", "in_use"]

Place = tuple[str, str]
"""A namespace and a name."""


@dataclass(frozen=True)
class InUse:
    """Names that resources use."""

    jobs: Mapping[Key, frozenset[str]]
    """Each resource -> the Jobs that its status names."""
    claims: frozenset[Place]
    specs: frozenset[Place]
    """ConfigMaps of specs in force."""


def in_use(documents: Mapping[Key, Mapping[str, Any]]) -> InUse:
    """Return what these resources use."""
    return InUse(
        jobs={key: frozenset(_jobs(document)) for key, document in documents.items()},
        claims=frozenset((key.namespace, _claim(key, document)) for key, document in documents.items()),
        specs=frozenset((key.namespace, _spec(document)) for key, document in documents.items()),
    )


def _jobs(document: Mapping[str, Any]) -> list[str]:
    stages = document.get("status", {}).get("stages", [])
    return [reference["name"] for stage in stages for reference in stage.get("jobs", [])]


def _claim(key: Key, document: Mapping[str, Any]) -> str:
    return naming.claim_of(key.name, document["spec"].get("storage", {}).get("claimName"))


def _spec(document: Mapping[str, Any]) -> str:
    return str(document.get("status", {}).get("resolvedSpec", {}).get("configMap", ""))
