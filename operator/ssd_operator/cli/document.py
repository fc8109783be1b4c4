"""Reading the user's file, with every complaint at its line."""

import os
from pathlib import Path

from ssd_operator.cli import terminal
from ssd_operator.errors import InvalidDocument, InvalidInput, InvalidSpec, Problem, first
from ssd_operator.spec import documents, resource
from ssd_operator.spec.resolved import ResolvedSpec

__all__ = ["LARGEST", "read", "text", "understood"]

LARGEST = 2**20
"""Bytes of a file: about what etcd keeps of an object."""
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
    document = documents.load(written, origin=origin)
    for sentence in first([document.sentence(Problem(path, TWICE)) for path in document.repeated]):
        terminal.errors().print(sentence)
    try:
        parsed = resource.parse(document.value)
        return parsed.name, parsed.resolve()
    except RecursionError:
        raise InvalidDocument(f"{origin}: is nested too deeply to be a resource") from None
    except InvalidSpec as error:
        raise InvalidDocument("\n".join(first([document.sentence(problem) for problem in error.problems]))) from None
