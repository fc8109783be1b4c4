"""What every section of the resource has in common.

The classes describe a *complete* section: every field has a value, and a default written here is the library's.
What a user writes is the same shape with everything optional; `written.py` derives it, so each field, its bounds
and its description are stated once. Unknown fields are refused in what a user writes and left out of what an operator
stored, types are not converted, objects are immutable.
"""

from __future__ import annotations

import json
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel
from pydantic.config import ExtraValues

from ssd_operator.errors import InvalidSpec
from ssd_operator.spec import explain
from ssd_operator.spec.marks import Mark

__all__ = ["Section"]


class Section(BaseModel):
    """One object of the resource."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        alias_generator=to_camel,
        use_attribute_docstrings=True,
        validate_default=True,
    )

    mark: ClassVar[Mark | None] = None
    """What its fields are to a run, save those with a mark of their own; a section below it has its own too."""
    one_of: ClassVar[tuple[str, ...]] = ()
    """Members (as written) of which exactly one is set; choosing one replaces the one of a preset."""
    always_written: ClassVar[frozenset[str]] = frozenset()
    """Fields (Python names) without which the object means nothing even before a preset is applied."""
    only_resolved: ClassVar[frozenset[str]] = frozenset()
    """Fields (Python names) that exist after resolving only."""

    @classmethod
    def read(cls, document: Any, *, path: str) -> Self:
        """Check a JSON document whose root stands at `path`, or raise InvalidSpec naming every wrong field.

        It is read as JSON, not as Python objects: only there are lists tuples and texts enums in strict mode.
        """
        return cls._read(document, path, None)

    @classmethod
    def read_stored(cls, document: Any, *, path: str) -> Self:
        """Read what an operator wrote, maybe a newer one: fields that this version does not know are left out."""
        return cls._read(document, path, "ignore")

    @classmethod
    def _read(cls, document: Any, path: str, extra: ExtraValues | None) -> Self:
        try:
            return cls.model_validate_json(json.dumps(document), extra=extra)
        except ValidationError as error:
            raise InvalidSpec(explain.problems(error, path=path)) from None

    def document(self) -> dict[str, Any]:
        """Return the JSON document; an alternative that was not chosen is absent."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)
