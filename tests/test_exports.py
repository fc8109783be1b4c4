"""Code that only tests use is theirs: vulture takes a name in `__all__` for used, and this looks at those."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("operator/ssd_operator", "ssd_jobs")
USERS = (*PACKAGES, "scripts", "examples")
THEORY = "ssd_jobs/theory"
"""Laws of the method, which the documentation names and tests prove; the experiment does not need all of them."""


def names(tree: ast.Module) -> list[str]:
    """Return what a module exports of its own."""
    exported: list[str] = []
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            exported = ast.literal_eval(node.value)
    imported = {
        alias.asname or alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    return [name for name in exported if name not in imported]


def used(tree: ast.Module) -> Iterator[str]:
    """Yield the names that a module uses."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr


def test_what_is_exported_is_used_by_more_than_tests() -> None:
    """Every exported name is used somewhere in the packages, by a script or by an example."""
    trees = {path: ast.parse(path.read_text()) for folder in USERS for path in (ROOT / folder).rglob("*.py")}
    known = {name for tree in trees.values() for name in used(tree)}
    exported = {
        f"{path.relative_to(ROOT)}: {name}"
        for path, tree in trees.items()
        if not path.is_relative_to(ROOT / THEORY)
        for name in names(tree)
        if name not in known
    }
    assert exported == set()
