"""Reading and writing configs and results: the only reader and the only writer.

A config is one JSON file. Whatever is wrong with it is one sentence that names the file and the path to the
field, because the reader is a person in front of a failed pod.
"""

from pathlib import Path
from typing import Annotated, Any, Union

from pydantic import Field, TypeAdapter, ValidationError

from ssd_jobs.contract.base import VERSION
from ssd_jobs.contract.config import Config
from ssd_jobs.contract.results import LIMIT, Result
from ssd_jobs.contract.stages import STAGES
from ssd_jobs.errors import BadInput

__all__ = ["dump", "dump_result", "load", "load_result", "loads"]

ANY_CONFIG: Any = Union[tuple(stage.config for stage in STAGES.values())]  # noqa: UP007 - made from the table
CONFIG: TypeAdapter[Config] = TypeAdapter(Annotated[ANY_CONFIG, Field(discriminator="stage")])
RESULT: TypeAdapter[Result] = TypeAdapter(Result)


def load(path: Path) -> Config:
    """Read a config, or say in one sentence what is wrong with it."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{path}: cannot read the config: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadInput(f"{path}: cannot read the config: it is no UTF-8 text") from None
    return loads(text, source=str(path))


def loads(text: str, *, source: str) -> Config:
    """Read a config from text; `source` names it in messages."""
    try:
        return CONFIG.validate_json(text)
    except ValidationError as error:
        raise BadInput(f"{source}: {_sentence(error)}") from None


def dump(config: Config) -> str:
    """Write a config; equal configs give equal text."""
    return CONFIG.dump_json(config, indent=1).decode() + "\n"


def load_result(text: str) -> Result | None:
    """Read a result, or None when the text is not one: a lost message is no failure."""
    try:
        return RESULT.validate_json(text)
    except ValidationError:
        return None


def dump_result(result: Result) -> str:
    """Write a result on one line, never longer than a termination message may be."""
    text = RESULT.dump_json(result).decode()
    if len(text.encode()) > LIMIT:
        raise ValueError(f"the result of {result.stage} has {len(text.encode())} bytes; {LIMIT} are allowed")
    return text


def _sentence(error: ValidationError) -> str:
    """Return the first problem as one sentence with the path to the field."""
    first = error.errors(include_url=False, include_context=False)[0]
    place = [str(part) for part in first["loc"]]
    if place and place[0] in STAGES:
        place = place[1:]
    where = ".".join(place) or "the document"
    if place[-1:] == ["version"]:
        return f"version: this image reads version {VERSION}; use the image that the operator names"
    return f"{where}: {first['msg'][:1].lower()}{first['msg'][1:]}"
