"""The border of the Kubernetes API: outside `cluster` the operator works with values, never with objects as sent."""

import ast
from pathlib import Path

import pytest

import ssd_operator

ROOT = Path(ssd_operator.__file__).parent
PARTS = frozenset({"metadata", "spec", "status", "data"})
"""Of an object of the API."""
READERS = frozenset({"cluster", "spec", "crd"})
"""Rooms that look into objects: as sent, as a person writes them, and as the definition describes them."""


def rooms() -> list[str]:
    """Return every other room that holds code."""
    found = {path.relative_to(ROOT).parts[0] for path in ROOT.rglob("*.py")}
    return sorted(found - READERS)


def part(node: ast.AST) -> str:
    """Return the part of an object that an expression takes out, empty where it takes none."""
    if isinstance(node, ast.Subscript):
        name: ast.expr | None = node.slice
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
        name = node.args[0] if node.args else None
    else:
        return ""
    return name.value if isinstance(name, ast.Constant) and name.value in PARTS else ""


@pytest.mark.parametrize("room", rooms())
def test_no_other_room_looks_into_an_object(room: str) -> None:
    """What a pass, a stage or the Lease needs of an object, a small value of `cluster` says."""
    files = sorted((ROOT / room).rglob("*.py")) or [ROOT / room]
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {part(node)}"
        for path in files
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.expr) and part(node)
    ]
    assert found == []
