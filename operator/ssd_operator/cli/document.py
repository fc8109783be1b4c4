"""Reading the user's file, with every complaint at its line."""

from pathlib import Path

from ssd_operator.errors import InvalidDocument, InvalidInput, InvalidSpec
from ssd_operator.spec import documents, resource
from ssd_operator.spec.experiment import ResolvedSpec

__all__ = ["read"]


def read(path: Path) -> tuple[str, ResolvedSpec]:
    """Return the resource's name and its complete spec, or say what is wrong and in which line."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be read ({error.strerror}); name a file with a SelfDistillation") from None
    except UnicodeDecodeError:
        raise InvalidInput(f"{path}: is not UTF-8 text; name a YAML file with a SelfDistillation") from None
    document = documents.load(text, origin=str(path))
    try:
        parsed = resource.parse(document.value)
        return parsed.name, parsed.resolve()
    except InvalidSpec as error:
        raise InvalidDocument("\n".join(document.sentence(problem) for problem in error.problems)) from None
