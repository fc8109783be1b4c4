"""The normal form of a program: what is left of it when comments, layout and the names that it gives do not count.

Two programs with one normal form are one solution, written twice; it is what tells different solutions from copies.
"""

import ast
from collections.abc import Iterator

from ssd_jobs.programs.parsing import parsed

__all__ = ["normal_form"]

LONGEST = 100_000
"""Characters from which on a text stands for itself: its tree could be too large for whoever asks."""
NAMES = {
    ast.Name: "id",
    ast.arg: "arg",
    ast.keyword: "arg",
    ast.FunctionDef: "name",
    ast.AsyncFunctionDef: "name",
    ast.ClassDef: "name",
    ast.ExceptHandler: "name",
    ast.alias: "asname",
    ast.MatchAs: "name",
    ast.MatchStar: "name",
    ast.MatchMapping: "rest",
}
"""Where a syntax tree holds a name that the program may have given."""


def normal_form(code: str) -> str:
    """Return a text that two programs share if they differ in comments, layout and given names only; a text that is no
    program, or is too long, stands for itself."""
    tree = parsed(code) if len(code) <= LONGEST else None
    if tree is None:
        return code
    try:
        _without_texts(tree)
        _renamed(tree)
        return ast.dump(tree)
    except RecursionError:
        return code


def _without_texts(tree: ast.Module) -> None:
    """Take statements away that are only a text: docstrings, and comments written as one."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            body[:] = [each for each in body if not _is_text(each)]


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _renamed(tree: ast.Module) -> None:
    """Replace each name that the program gives by its number, in the order of their first appearance."""
    given = {name for node in ast.walk(tree) for name in _given(node)}
    numbers: dict[str, str] = {}
    for node in ast.walk(tree):
        field = NAMES.get(type(node), "")
        name = getattr(node, field, None)
        if name in given:
            setattr(node, field, numbers.setdefault(name, f"_{len(numbers)}"))
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            node.names = [numbers.setdefault(each, f"_{len(numbers)}") for each in node.names]


def _given(node: ast.AST) -> Iterator[str]:
    """Yield the names that a node gives to something; a name that is only read may be a builtin's."""
    if isinstance(node, (ast.Global, ast.Nonlocal)):
        yield from node.names
    reads = isinstance(node, ast.keyword) or (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))
    name = None if reads else getattr(node, NAMES.get(type(node), ""), None)
    if name is not None:
        yield name
