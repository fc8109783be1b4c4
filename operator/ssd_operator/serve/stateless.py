"""kopf without a memory of its own.

kopf copies every object of every event to find out what changed since it last handled it, and keeps that in
annotations. Our handlers look at everything and keep nothing: the copies were three quarters of the operator's work.
"""

from __future__ import annotations

from typing import Any, cast

import kopf

__all__ = ["NothingBefore", "NothingHandled"]

NOTHING = cast("kopf.BodyEssence", {})


class NothingBefore(kopf.DiffBaseStorage):
    """No earlier state to compare with."""

    def build(self, **_: Any) -> kopf.BodyEssence:
        """Return nothing, without reading the object."""
        return NOTHING

    def fetch(self, **_: Any) -> kopf.BodyEssence | None:
        """Return nothing."""
        return None

    def store(self, **_: Any) -> None:
        """Keep nothing."""


class NothingHandled(kopf.ProgressStorage):
    """No handlers whose progress would be kept."""

    def fetch(self, **_: Any) -> None:
        """Return nothing."""

    def store(self, **_: Any) -> None:
        """Keep nothing."""

    def purge(self, **_: Any) -> None:
        """Leave the object as it is."""

    def touch(self, **_: Any) -> None:
        """Leave the object as it is."""

    def clear(self, *, essence: kopf.BodyEssence) -> kopf.BodyEssence:
        """Return what was given."""
        return essence
