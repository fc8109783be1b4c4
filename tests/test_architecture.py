"""docs/architecture.md describes this tree: what it draws and where it sends people is there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "architecture.md").read_text()
TREES = (ROOT / "operator" / "ssd_operator", ROOT / "ssd_jobs", ROOT)
MODULE = re.compile(r"(?<![\w/.])[\w/]+\.py")
YOURS = re.compile(r"NAME|KIND")
VALUE = re.compile(r" ([A-Z]\w+)  +")


def found(module: str) -> list[Path]:
    """Return the files that a module may be, in either tree."""
    return [tree / module for tree in TREES if (tree / module).is_file()]


def drawings() -> dict[str, list[str]]:
    """Return the lines of every drawing by its heading."""
    drawn = re.findall(r"^## (The path [^\n]*)\n\n```\n(.*?)```", PAGE, re.MULTILINE | re.DOTALL)
    return {title: lines.splitlines() for title, lines in drawn}


def steps(lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield what travels with the modules of its step: those on its line, and below until the next one."""
    value, modules = "", list[str]()
    for line in lines:
        if match := VALUE.match(line):
            yield value, modules
            value, modules = match[1], []
        modules += MODULE.findall(line)
    yield value, modules


def test_every_module_that_the_page_names_is_there() -> None:
    """In a drawing as in a sentence; a file that the reader will write is named by NAME or KIND."""
    named = [module for module in MODULE.findall(PAGE) if not YOURS.search(module)]
    assert [module for module in named if not found(module)] == []
    assert len(named) > 100


@pytest.mark.parametrize("title", drawings())
def test_what_travels_is_named_in_a_module_of_its_step(title: str) -> None:
    """A value of a drawing that begins with a capital letter is a name of the code beside it."""
    named = {value: modules for value, modules in steps(drawings()[title]) if value}
    text = {
        value: "".join(path.read_text() for each in modules for path in found(each)) for value, modules in named.items()
    }
    assert [value for value in named if not re.search(rf"\b{value}\b", text[value])] == []
    assert len(named) > 5


def test_four_paths_are_drawn() -> None:
    """Of a resource, of a sweep, of a sample and of a program."""
    assert [title.split()[-1] for title in drawings()] == ["resource", "sweep", "sample", "program"]
