"""Text that may be a Python program: what a model or a data set calls one."""

import ast

__all__ = ["parsed"]

UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)
"""What parsing raises for text that is no program, or one too deep for the parser."""


def parsed(text: str) -> ast.Module | None:
    """Return the program, or None when the text is none; nothing of it is run."""
    try:
        return ast.parse(text)
    except UNREADABLE:
        return None
