"""Reading the user's file, with every complaint at its line."""

import sys
from pathlib import Path

from ssd_operator.errors import InvalidDocument, InvalidInput, InvalidSpec, Problem
from ssd_operator.spec import documents, resource
from ssd_operator.spec.resolved import ResolvedSpec

__all__ = ["read", "text", "understood"]

TWICE = "is written twice: the last one counts, with kubectl as well"


def read(path: Path) -> tuple[str, ResolvedSpec]:
    """Return the resource's name and its complete spec, or say what is wrong and in which line."""
    return understood(text(path), origin=str(path))


def text(path: Path) -> str:
    """Return what is in a file; a pipe can be read only once."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be read ({error.strerror}); name a file with a SelfDistillation") from None
    except UnicodeDecodeError:
        raise InvalidInput(f"{path}: is not UTF-8 text; name a YAML file with a SelfDistillation") from None


def understood(written: str, *, origin: str) -> tuple[str, ResolvedSpec]:
    """Return the name and the spec that a text means; what is legal and surely a mistake is said in passing."""
    document = documents.load(written, origin=origin)
    for path in document.repeated:
        sys.stderr.write(f"{document.sentence(Problem(path, TWICE))}\n")
    try:
        parsed = resource.parse(document.value)
        return parsed.name, parsed.resolve()
    except InvalidSpec as error:
        raise InvalidDocument("\n".join(document.sentence(problem) for problem in error.problems)) from None
