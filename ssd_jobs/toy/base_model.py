"""Where the shipped base models are, and the proof that each is the one that was built.

`examples/toy/build_base.py` and `examples/machine/build_base.py` made them. They load with transformers and with vLLM
like any Qwen3 model directory.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from ssd_jobs.errors import BadInput

__all__ = ["DIGESTS", "MACHINE", "SHIPPED", "TOY", "digests", "directory"]

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
    if expected != digests(path):
        raise BadInput(f"{path}: the shipped model's files are not the ones in {DIGESTS}: install the package again")
    return path


def digests(path: Path) -> dict[str, str]:
    """The SHA-256 of every file but the list of digests itself."""
    files = sorted(file for file in path.glob("*") if file.is_file() and file.name != DIGESTS)
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
