"""The tree keeps its shape."""

from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_operator_is_a_folder_and_never_a_package() -> None:
    """A package of that name at the root would replace a module of the standard library."""
    assert not (ROOT / "operator" / "__init__.py").exists()


def test_tests_are_no_packages() -> None:
    """Under importlib mode a package below tests could shadow a module of the same name."""
    assert not list((ROOT / "tests").rglob("__init__.py"))
    assert not (ROOT / "tests" / "operator").exists()
