"""Another's words as a part of a sentence of ours, whose end says what helps."""

from typing import Final

__all__ = ["LONGEST_WORDS", "quoted"]

LONGEST_WORDS: Final = 700
"""Characters of the API server's words: there must be room for what helps."""


def quoted(words: str, longest: int = LONGEST_WORDS) -> str:
    """Return words without their end, and no more of them than there is room for."""
    return words[:longest].rstrip(". ")
