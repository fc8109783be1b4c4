"""What every model of the contract shares: frozen, strict, complete, and without defaults.

A default belongs to one place, the resolution of the user's spec. A config that lacks a field is therefore an
error, not an invitation to guess.
"""

from functools import cache
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue

__all__ = ["VERSION", "ArtifactPath", "JsonMap", "Key", "LaterField", "Model", "Name", "science_of"]

VERSION = 1
"""Bumped by hand when a config changes shape, so that an old image says so instead of guessing."""

Key = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""The recipe of an artifact: sha256 in hexadecimal."""

Name = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=63)]
"""A stage's or a benchmark's name: a DNS label."""

ArtifactPath = Annotated[str, Field(pattern=r"^[a-z]+(/[A-Za-z0-9][A-Za-z0-9._-]*)+$", max_length=253)]
"""A directory below the workspace: its kind, then its key or name."""

JsonMap = dict[str, JsonValue]
"""Settings that are passed through to a library and recorded."""


class Model(BaseModel):
    """One piece of the contract."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)


class LaterField:
    """Marks a field that science got after artifacts had been stored: its None is in no key, so that they are found."""


def science_of(model: Model) -> dict[str, Any]:
    """Return the plain values that enter a key."""
    values, later = model.model_dump(mode="json"), _later_fields(type(model))
    return {name: value for name, value in values.items() if value is not None or name not in later}


@cache
def _later_fields(model: type[Model]) -> frozenset[str]:
    """Return the names of the fields that are marked so."""
    fields = model.model_fields.items()
    return frozenset(name for name, field in fields if any(isinstance(each, LaterField) for each in field.metadata))
