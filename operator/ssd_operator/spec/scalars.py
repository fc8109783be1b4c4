"""The kinds of values: names, paths, durations, quantities, each with the bound the API server enforces.

Every string, list and map has a maximum, because the API server multiplies them when it estimates what a rule costs.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from operator import attrgetter
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from ssd_jobs.contract.printable import brief
from ssd_operator.spec import patterns

__all__ = [
    "BenchmarkName",
    "Count",
    "Day",
    "DnsName",
    "Duration",
    "FreeForm",
    "Key",
    "LabelValue",
    "Line",
    "OptionalDnsName",
    "OptionalDuration",
    "OptionalLabelKey",
    "OptionalPath",
    "Quantity",
    "RelativePath",
    "Seed",
    "StringMap",
    "Text",
    "Tokens",
    "once_by",
    "seconds",
    "unique",
]

Line = Annotated[str, Field(max_length=256)]
Text = Annotated[str, Field(max_length=4096)]
Key = Annotated[str, Field(min_length=1, max_length=253)]
OptionalLabelKey = Annotated[str, Field(max_length=317, pattern=patterns.LABEL_KEY_OR_NONE)]
LabelValue = Annotated[str, Field(max_length=63, pattern=patterns.LABEL)]
DnsName = Annotated[str, Field(max_length=253, pattern=patterns.DNS_NAME)]
OptionalDnsName = Annotated[str, Field(max_length=253, pattern=patterns.DNS_NAME_OR_NONE)]
BenchmarkName = Annotated[str, Field(max_length=24, pattern=patterns.BENCHMARK)]
"""`generate-candidate-` + name + key + attempt + shard must be a host name of at most 63 characters."""
RelativePath = Annotated[str, Field(max_length=512, pattern=patterns.PATH)]
"""Below the workspace: no leading slash and no `..`."""
OptionalPath = Annotated[str, Field(max_length=512, pattern=patterns.PATH_OR_NONE)]
Day = Annotated[str, Field(max_length=10, pattern=patterns.DAY)]
Duration = Annotated[str, Field(max_length=24, pattern=patterns.DURATION)]
OptionalDuration = Annotated[str, Field(max_length=24, pattern=patterns.DURATION_OR_NONE)]
Count = Annotated[int, Field(ge=1, le=1000)]
Tokens = Annotated[int, Field(ge=2, le=16_777_216)]
"""A token to start from and one to predict."""
Seed = Annotated[int, Field(ge=0, le=2_147_483_647)]


_LARGEST = 2**53


def _as_text(value: object) -> object:
    whole = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST
    return str(value) if whole else value


Quantity = Annotated[
    str,
    Field(max_length=32, pattern=patterns.QUANTITY),
    BeforeValidator(_as_text),
    WithJsonSchema(
        {
            "x-kubernetes-int-or-string": True,
            "anyOf": [{"type": "integer"}, {"type": "string"}],
            "pattern": patterns.QUANTITY,
            "maxLength": 32,
            "minimum": 0,
            "maximum": _LARGEST,
        }
    ),
]
"""An amount as Kubernetes writes it: 4, 500m, 64Gi."""

StringMap = Annotated[dict[str, Annotated[str, Field(max_length=4096)]], Field(max_length=64)]
FreeForm = Annotated[
    dict[str, Any],
    Field(max_length=64),
    WithJsonSchema({"type": "object", "x-kubernetes-preserve-unknown-fields": True, "maxProperties": 64}),
]
"""Passed through to another program as it stands."""

_Item = TypeVar("_Item")


def _once(values: tuple[_Item, ...], keys: list[Hashable]) -> tuple[_Item, ...]:
    for index, key in enumerate(keys):
        if key in keys[:index]:
            raise PydanticCustomError("duplicate", "Duplicate value: {key}", {"key": brief(repr(key)), "index": index})
    return values


unique = AfterValidator(lambda values: _once(values, list(values)))
"""A list without repeats."""


def once_by(*fields: str) -> AfterValidator:
    """Accept a list of objects that is a map by these fields."""
    key = attrgetter(*fields)
    return AfterValidator(lambda values: _once(values, [key(value) for value in values]))


_UNITS = {"h": 3600, "m": 60, "s": 1}


def seconds(duration: str) -> int:
    """Return the length of a Duration; "" is 0."""
    return sum(int(number) * _UNITS[unit] for number, unit in re.findall(r"([0-9]+)([hms])", duration))
