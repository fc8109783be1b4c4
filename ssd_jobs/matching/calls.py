"""The call in a text that was asked for an input: `f(1, 2)`, `assert f(1, 2) == 3`, or the arguments alone.

Nothing is run here: what a call gives is for the sandbox to find out, from the program that `program` makes of it.
"""

import ast
from collections.abc import Iterator, Mapping
from typing import Any

from ssd_jobs.matching.finding import lines

__all__ = ["ARGUMENTS", "call_of", "unknown"]

ARGUMENTS = "_arguments"
"""The function that is called in place of the one that was asked for, and returns what it was given."""
UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)


def call_of(text: str, answer: str | None, function: str) -> str:
    """Return the call of `ARGUMENTS` with the arguments that a text gives, empty where it gives none."""
    if answer is not None:
        said = "\n".join(line for line in answer.splitlines() if not line.lstrip().startswith("```")).strip()
        return _call(said, function) or _bare(said)
    found = [_call(line, function) for line in lines(text) if f"{function}(" in line]
    return next((each for each in reversed(found) if each), "")


def unknown(asked: Mapping[str, Any], expected: str) -> str:
    """Return why no call can be judged; empty where one can."""
    code, function = asked.get("code"), asked.get("function")
    try:
        body = ast.parse(code or "").body
        ast.parse(expected, mode="eval")
    except UNREADABLE:
        return "has code or an expected output that is no Python"
    defined = {each.name for each in body if isinstance(each, ast.FunctionDef)}
    return "" if function in defined else f"has code that defines no function {function!r:.40}"


def _call(text: str, function: str) -> str:
    """Return the call in one expression, which may be a side of a comparison, or in what a sentence asserts."""
    said = text.rpartition("assert ")[2].strip()
    tree = _parsed(said)
    if tree is None:
        return ""
    for each in _sides(tree.body):
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Name) and each.func.id == function:
            written = ast.get_source_segment(said, each) or ""
            return ARGUMENTS + written.removeprefix(function)
    return ""


def _sides(tree: ast.expr) -> Iterator[ast.expr]:
    yield from (tree.left, *tree.comparators) if isinstance(tree, ast.Compare) else (tree,)


def _bare(text: str) -> str:
    """Return the call whose arguments stand alone."""
    call = f"{ARGUMENTS}({text}\n)"
    tree = _parsed(call)
    return call if text and tree is not None and isinstance(tree.body, ast.Call) else ""


def _parsed(text: str) -> ast.Expression | None:
    try:
        return ast.parse(text, mode="eval")
    except UNREADABLE:
        return None
