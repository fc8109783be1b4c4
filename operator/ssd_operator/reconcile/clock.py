"""The time of a pass, and what it says when it wants another look at once."""

from datetime import UTC, datetime
from typing import Final

__all__ = ["AT_ONCE", "now"]

AT_ONCE: Final = 0.0


def now() -> datetime:
    """Return the time."""
    return datetime.now(tz=UTC)
