"""One rule across fields, as the API server and as Python state it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ssd_operator import naming

__all__ = ["Rule", "is_name"]


@dataclass(frozen=True)
class Rule:
    """What must hold at every object that stands at `at`."""

    at: str
    """Path from the root; `[]` stands for the entries of a list, "" is the root itself."""
    cel: str
    """For the API server; `self` is the object."""
    holds: Callable[[Any], bool]
    """The same for Python."""
    message: str
    field: str = ""
    """The field to blame, below the object."""


def is_name(name: str) -> bool:
    """Tell whether a resource can have this name: room is left for what is appended to it."""
    return len(name) <= naming.LONGEST_NAME and re.fullmatch(r"[a-z]([a-z0-9-]*[a-z0-9])?", name) is not None
