"""Which tokens end a completion: read from the model's own files, without loading anything.

A model may name several in `generation_config.json` (a turn's end and a text's end), one in `config.json`, and one
through its tokenizer. A completion that ends with any of them ended by itself.
"""

import json
from pathlib import Path
from typing import Any

from ssd_jobs.contract import files
from ssd_jobs.errors import BadInput, first_line

__all__ = ["stop_token_ids"]


def stop_token_ids(model: Path) -> tuple[int, ...]:
    """Return all of them in ascending order."""
    found = {*_ids(model / files.GENERATION_CONFIG), *_tokenizer_ids(model)}
    if not found:
        found = set(_ids(model / files.MODEL_CONFIG))
    if not found:
        raise BadInput(f"{model}: names no end-of-sequence token; add eos_token_id to its generation_config.json")
    return tuple(sorted(found))


def _ids(file: Path) -> list[int]:
    """Return `eos_token_id` of a config."""
    value = _document(file).get("eos_token_id")
    values = value if isinstance(value, list) else [value]
    return [each for each in values if isinstance(each, int)]


def _tokenizer_ids(model: Path) -> list[int]:
    """Return the id of the tokenizer's end-of-sequence token."""
    config = _document(model / files.TOKENIZER_CONFIG)
    token = config.get("eos_token")
    text = token.get("content") if isinstance(token, dict) else token
    if not isinstance(text, str):
        return []
    tokenizer = _document(model / files.TOKENIZER)
    added = {each["content"]: each["id"] for each in tokenizer.get("added_tokens", [])}
    added |= {each["content"]: int(number) for number, each in config.get("added_tokens_decoder", {}).items()}
    return [added[text]] if text in added else []


def _document(file: Path) -> dict[str, Any]:
    """Return a JSON object, an empty one when there is no file."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise BadInput(f"{file}: is no JSON ({first_line(error)}); get the model again") from None
    return found if isinstance(found, dict) else {}
