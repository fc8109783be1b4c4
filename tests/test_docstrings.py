"""What is said of the code is so: what stands in backticks in a docstring is there, and a module in a page is."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TREES = {"ssd_jobs": ROOT, "ssd_operator": ROOT / "operator"}
FOLDERS = r"(?:benchmarks|charts|crds|docs|examples|images|operator|requirements|scripts|ssd_jobs|tests)/[\w./-]*"
FOREIGN = frozenset({"kubectl", "restricted", "ssd"})
"""Two programs, and a level of Pod Security: they are written as code, and no code of ours names them."""

FILES = frozenset({"json", "jsonl", "parquet", "py"})
"""What follows the dot in the name of a file."""


@cache
def modules() -> dict[str, ast.Module]:
    """Return every module of both trees by its dotted name, parsed; the name of a package is its `__init__`'s."""
    found = {}
    for tree, base in TREES.items():
        for path in sorted((base / tree).rglob("*.py")):
            dotted = ".".join(path.relative_to(base).with_suffix("").parts)
            found[dotted.removesuffix(".__init__")] = ast.parse(path.read_text())
    return found


def text_of(node: ast.AST) -> str | None:
    """Return the text of a statement that is nothing else: the docstring of a module, class, function or field."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return node.value.value
    return None


def quoted(module: str) -> Iterator[str]:
    """Yield what stands in backticks in a module's docstrings."""
    for node in ast.walk(modules()[module]):
        yield from re.findall(r"`([^`\n]+)`", text_of(node) or "")


@cache
def names(module: str) -> frozenset[str]:
    """Return every name in a module's code: defined, used, imported, or part of a text that is no docstring."""
    found: set[str] = set()
    nodes: list[ast.AST] = [modules()[module]]
    while nodes:
        node = nodes.pop()
        nodes.extend(child for child in ast.iter_child_nodes(node) if text_of(child) is None)
        fields = (getattr(node, field, None) for field in ("id", "attr", "arg", "name", "asname", "module", "value"))
        found.update(word for field in fields if isinstance(field, str) for word in re.findall(r"\w+", field))
    return frozenset(found)


@cache
def room(package: str) -> frozenset[str]:
    """Return the names in the code that lies directly in a package, and those of its modules."""
    inside = [module for module in modules() if package in {module, module.rpartition(".")[0]}]
    return frozenset().union(*map(names, inside), {module.rpartition(".")[2] for module in inside})


def room_of(module: str) -> frozenset[str]:
    """Return the names in the code that lies beside a module."""
    is_package = any(other.startswith(f"{module}.") for other in modules())
    return room(module if is_package else module.rpartition(".")[0])


@cache
def known(module: str) -> frozenset[str]:
    """Return the names that a module's docstrings may speak of: its package's, the contract's, those of all modules."""
    everywhere = {other.rpartition(".")[2] for other in modules()}
    return room_of(module) | room("ssd_jobs.contract") | everywhere | FOREIGN


def exists(dotted: str) -> bool:
    """Tell whether a dotted name from the top of a tree is a module or a name in one."""
    parent, _, last = dotted.rpartition(".")
    return dotted in modules() or (parent in modules() and last in names(parent))


def missing(module: str, text: str) -> Iterator[str]:
    """Yield what a text in backticks names and is not there."""
    yield from (path for path in re.findall(rf"^{FOLDERS}$", text) if not (ROOT / path).exists())
    yield from (dotted for dotted in re.findall(r"\bssd_(?:jobs|operator)(?:\.\w+)+", text) if not exists(dotted))
    if re.fullmatch(r"[A-Za-z_]\w*", text) and text not in known(module):
        yield text
    if (match := re.fullmatch(r"(\w+)\.(\w+)", text)) and match[2] not in FILES:
        rooms = [room(other) for other in modules() if other.rpartition(".")[2] == match[1]]
        if match[1] in known(module) - FOREIGN and not any(match[2] in each for each in [*rooms, room_of(module)]):
            yield text


@pytest.mark.parametrize("tree", TREES)
def test_every_name_in_a_docstring_is_there(tree: str) -> None:
    """A path exists, a dotted name is a module's, and a single name is one of the code that lies beside it."""
    ours = [module for module in modules() if module.partition(".")[0] == tree]
    wrong = [f"{module}: `{name}`" for module in ours for text in quoted(module) for name in missing(module, text)]
    assert not wrong, "; ".join(wrong)


@pytest.mark.parametrize("page", sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]), ids=lambda page: page.name)
def test_every_dotted_name_in_a_page_is_there(page: Path) -> None:
    """A page that names a module, or something in one, is followed to it."""
    dotted = re.findall(r"`[^`\n]*?\b(ssd_(?:jobs|operator)(?:\.\w+)+)", page.read_text())
    assert [name for name in dotted if not exists(name)] == []
