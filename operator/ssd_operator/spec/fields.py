"""Finding a field of a spec by the path that its user writes."""

from __future__ import annotations

from typing import Any

from pydantic.alias_generators import to_snake

from ssd_operator.spec.base import Section

__all__ = ["at"]


def at(spec: Section, path: str) -> Any:
    """Return the value at a path such as "training.maxAttempts"; None below a section that is absent."""
    value: Any = spec
    for name in path.split("."):
        if value is None:
            return None
        value = getattr(value, to_snake(name))
    return value
