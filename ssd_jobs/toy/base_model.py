"""Where the shipped base model of the toy is, and the proof that it is the one that was built.

`examples/toy/build_base.py` made it. It loads with transformers and with vLLM like any Qwen3 model directory.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from ssd_jobs.errors import BadInput

__all__ = ["DIGESTS", "digests", "directory"]

DIGESTS = "digests.json"


def directory(path: Path = Path(__file__).parent / "base") -> Path:
    """The model's directory, once every file in it has the digest that its build wrote down."""
    try:
        expected = json.loads((path / DIGESTS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        expected = None
    if expected != digests(path):
        raise BadInput(f"{path}: the toy model's files are not the ones in {DIGESTS}: install the package again")
    return path


def digests(path: Path) -> dict[str, str]:
    """The SHA-256 of every file but the list of digests itself."""
    files = sorted(file for file in path.glob("*") if file.is_file() and file.name != DIGESTS)
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
