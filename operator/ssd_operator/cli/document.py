"""Reading the user's file, with every complaint at its line."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

from ssd_operator import naming
from ssd_operator.cli import terminal
from ssd_operator.errors import InvalidDocument, InvalidInput, InvalidSpec, Problem, first
from ssd_operator.spec import documents, resource
from ssd_operator.spec.cells import Cell
from ssd_operator.spec.documents import Document
from ssd_operator.spec.resolved import ResolvedSpec
from ssd_operator.spec.sweep_resource import Sweep, parse_sweep

__all__ = ["LARGEST", "is_sweep", "read", "text", "understood", "understood_sweep"]

Read = TypeVar("Read")

LARGEST = 2**20
"""Bytes of a file: about what etcd keeps of an object."""
COMMANDS: Final[dict[object, str]] = {
    naming.KIND: "a single experiment is carried out by ssd run, and ssd plan shows it",
    naming.SWEEP_KIND: "a sweep is carried out by ssd sweep, and ssd plan shows its cells",
}
"""Who reads a kind of resource."""
TWICE = "is written twice: the last one counts, with kubectl as well"


def read(path: Path) -> tuple[str, ResolvedSpec]:
    """Return the resource's name and its complete spec, or say what is wrong and in which line."""
    return understood(text(path), origin=str(path))


def text(path: Path) -> str:
    """Return what is in a file; a pipe can be read only once."""
    try:
        return _bytes(path).decode("utf-8")
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be read ({error.strerror}); name a file with a SelfDistillation") from None
    except UnicodeDecodeError:
        raise InvalidInput(f"{path}: is not UTF-8 text; name a YAML file with a SelfDistillation") from None


def _bytes(path: Path) -> bytes:
    """Return what a file holds, without reading one that is too large to be a resource."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size  # 0 for a pipe
        if size > LARGEST:
            raise _too_large(path, str(size))
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise _too_large(path, f"more than {LARGEST}")
    return content


def _too_large(path: Path, size: str) -> InvalidInput:
    return InvalidInput(
        f"{path}: has {size} bytes, and a resource at most {LARGEST}; name a file with a SelfDistillation"
    )


def understood(written: str, *, origin: str) -> tuple[str, ResolvedSpec]:
    """Return the name and the spec that a text means; warn of what is legal and surely a mistake."""

    def read(value: Any) -> tuple[str, ResolvedSpec]:
        parsed = resource.parse(value)
        return parsed.name, parsed.resolve()

    return _judged(_loaded(written, origin), read, kind=naming.KIND)


def understood_sweep(written: str, *, origin: str) -> tuple[Sweep, tuple[Cell, ...]]:
    """Return the sweep and the cells that a text means."""

    def read(value: Any) -> tuple[Sweep, tuple[Cell, ...]]:
        parsed = parse_sweep(value)
        return parsed, parsed.cells()

    return _judged(_loaded(written, origin), read, kind=naming.SWEEP_KIND)


def is_sweep(written: str, *, origin: str) -> bool:
    """Tell whether a text means a sweep and not a single experiment."""
    return _kind(documents.load(written, origin=origin)) == naming.SWEEP_KIND


def _kind(document: Document) -> str:
    """Return the kind that is written, empty where none is a text."""
    kind = document.value.get("kind") if isinstance(document.value, dict) else None
    return kind if isinstance(kind, str) else ""


def _loaded(written: str, origin: str) -> Document:
    document = documents.load(written, origin=origin)
    for sentence in first([document.sentence(Problem(path, TWICE)) for path in document.repeated]):
        terminal.errors().print(sentence)
    return document


def _judged(document: Document, read: Callable[[Any], Read], *, kind: str) -> Read:
    """Return what was read, or every complaint with its line; name the command where the other kind was given."""
    given = _kind(document)
    if given in COMMANDS and given != kind:
        raise InvalidDocument(document.sentence(Problem("kind", f"is {given}: {COMMANDS[given]}")))
    try:
        return read(document.value)
    except RecursionError:
        raise InvalidDocument(f"{document.origin}: is nested too deeply to be a resource") from None
    except InvalidSpec as error:
        raise InvalidDocument("\n".join(first([document.sentence(problem) for problem in error.problems]))) from None
