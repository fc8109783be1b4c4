"""Text that came from a user, a model or a data set, made fit for a terminal: none of its characters steers one."""

import re

__all__ = ["brief", "printable"]

LONGEST = 80
_STEERING = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069\\ud800-\\udfff]")
"""Controls (C0, C1), what turns the direction of text, line separators, and lone surrogates, which nothing prints."""


def printable(text: str, *, keep: str = "") -> str:
    """Return the text with an escape such as `\\x1b` for every character that steers a terminal."""
    return _STEERING.sub(lambda found: found[0] if found[0] in keep else _escape(found[0]), text)


def brief(text: str) -> str:
    """Return what of a long text belongs into a sentence."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
