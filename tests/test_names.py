"""A class is the only one of its name in its package, so that a reader who meets the name knows what is meant."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = {"ssd_jobs": ROOT / "ssd_jobs", "ssd_operator": ROOT / "operator" / "ssd_operator"}


def classes(package: Path) -> Iterator[str]:
    """Yield the names of all classes that are defined in a package's modules, nested ones included."""
    for path in sorted(package.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                yield node.name


@pytest.mark.parametrize("package", PACKAGES)
def test_no_class_name_stands_twice_in_a_package(package: str) -> None:
    """Each name belongs to one class."""
    names = list(classes(PACKAGES[package]))
    assert {name for name in names if names.count(name) > 1} == set()
