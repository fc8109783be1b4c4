r"""Half characters: JSON's `\ud800` without its other half is in no text, and no API server takes it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from ssd_operator.errors import Problem

__all__ = ["lone"]

_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_SENTENCE: Final = "holds half a character (a lone surrogate); write the whole character, or leave it out"


def lone(document: Any) -> Iterator[Problem]:
    """Yield the place of every key and text with a lone surrogate."""
    waiting: list[tuple[str, Any]] = [("", document)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, str) and _SURROGATE.search(value):
            yield Problem(path, _SENTENCE)
        elif isinstance(value, list):
            waiting.extend((f"{path}[{index}]", entry) for index, entry in enumerate(value))
        elif isinstance(value, dict):
            below = {key: f"{path}.{key}" if path else key for key in value}
            yield from (Problem(below[key], _SENTENCE) for key in value if _SURROGATE.search(key))
            waiting.extend((below[key], entry) for key, entry in value.items())
