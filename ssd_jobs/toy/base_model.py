"""Where the shipped base models are, and the proof that each is the one that was built.

`examples/toy/build_base.py` and `examples/machine/build_base.py` made them. They load with transformers and with vLLM
like any Qwen3 model directory.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from ssd_jobs.errors import BadInput

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

__all__ = ["DIGESTS", "MACHINE", "SHIPPED", "TOY", "directory", "save"]

DIGESTS = "digests.json"
TOY = Path(__file__).parent / "base"
MACHINE = Path(__file__).parent / "machine" / "base"
SHIPPED = {"toy": TOY, "machine": MACHINE}
"""Every shipped model under its name in `model.source.builtin`."""


def directory(path: Path = TOY) -> Path:
    """The model's directory, once every file in it has the digest that its build wrote down."""
    try:
        expected = json.loads((path / DIGESTS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        expected = None
    if expected != _digests(path):
        raise BadInput(f"{path}: the shipped model's files are not the ones in {DIGESTS}: install the package again")
    return path


def _digests(path: Path) -> dict[str, str]:
    """The SHA-256 of every file but the list of digests itself."""
    files = sorted(file for file in path.glob("*") if file.is_file() and file.name != DIGESTS)
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def save(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, path: Path) -> None:
    """Write a built model as safetensors with its tokenizer and the digest of every file, all readable by everyone."""
    if model.generation_config is not None:
        model.generation_config.eos_token_id = tokenizer.eos_token_id
        model.generation_config.pad_token_id = tokenizer.pad_token_id
    model.save_pretrained(path)
    tokenizer.save_pretrained(path)
    (path / DIGESTS).write_text(json.dumps(_digests(path), indent=2) + "\n", encoding="utf-8")
    for file in path.iterdir():
        file.chmod(0o644)
