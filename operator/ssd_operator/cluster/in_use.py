"""What the resources that are there use: whatever else is remembered of Jobs, claims and specs can be forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ssd_operator.cluster.doors import Kept
from ssd_operator.cluster.keys import Key

__all__ = ["InUse", "in_use"]

Place = tuple[str, str]
"""A namespace and a name."""


@dataclass(frozen=True)
class InUse:
    """Names that resources use."""

    jobs: Mapping[Key, frozenset[str]]
    """Each resource -> the Jobs that its status names; one that is over makes none."""
    claims: frozenset[Place]
    specs: frozenset[Place]
    """ConfigMaps of specs in force."""


def in_use(resources: Mapping[Key, Kept]) -> InUse:
    """Return what these resources use."""
    return InUse(
        jobs={key: each.jobs for key, each in resources.items()},
        claims=frozenset((key.namespace, each.claim) for key, each in resources.items()),
        specs=frozenset((key.namespace, each.spec) for key, each in resources.items()),
    )
