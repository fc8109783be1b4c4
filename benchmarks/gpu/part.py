"""What every part has in common: its arguments, its device, and how it says what it found.

`python -m benchmarks.gpu.PART FOLDER [--tiny] [--model MODEL]`. FOLDER keeps models and other inputs between runs.
MODEL is a folder in Hugging Face layout to sample from, a random one of 0.5 B parameters where none is named. A part
prints a whole JSON object whenever it knows more, each on a line of its own, so that the last line is its result even
where it is stopped. `--tiny` measures nothing: everything is so small that it runs on a CPU in seconds.
"""

import argparse
import contextlib
import faulthandler
import importlib.util
import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

__all__ = ["Part", "add_options", "device", "lacks", "main"]

STANDING_STILL_S = 30.0
"""How often the log gets what the part is doing: a library that hangs on a strange machine is found there."""


@dataclass
class Part:
    """One run of a part."""

    folder: Path
    tiny: bool
    model: Path | None
    engine_args: dict[str, Any]
    say: Callable[[dict[str, Any]], None]
    found: dict[str, Any] = field(default_factory=dict)

    def add(self, name: str, value: Any) -> None:
        """Say one thing more."""
        self.found[name] = value
        self.say(self.found)

    @property
    def gpus(self) -> int:
        """1, or 0 on a machine without."""
        import torch

        return int(torch.cuda.is_available() and not self.tiny)

    @property
    def compute(self) -> Literal["BFloat16", "Float32"]:
        """What is trained in."""
        return "BFloat16" if self.gpus else "Float32"


def main(measure: Callable[[Part], None]) -> None:
    """Run a part as a program."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    add_options(parser)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(143))  # and what it started ends with it
    faulthandler.dump_traceback_later(STANDING_STILL_S, repeat=True, file=sys.stderr)
    os.environ.setdefault("PYTORCH_ALLOC_CONF", "expandable_segments:True")
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is no result

    def say(found: dict[str, Any]) -> None:
        out.write(json.dumps(found) + "\n")
        out.flush()

    with contextlib.closing(out):
        part = Part(options.folder, options.tiny, options.model, options.engine_args, say)
        part.add("device", device())
        measure(part)
    sys.stderr.flush()


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what every part takes, and the driver hands on."""
    parser.add_argument("--tiny", action="store_true", help="measure nothing: see that everything runs on this CPU")
    parser.add_argument("--model", type=Path, help="a folder with a model to sample from, instead of a random one")
    parser.add_argument("--engine-args", type=json.loads, default={}, metavar="JSON", help="more arguments of vLLM")


def device() -> str:
    """Return the name of what is measured."""
    import torch

    versions = f"torch {torch.__version__}"
    if torch.cuda.is_available():
        return f"{torch.cuda.get_device_name()}, {versions}"
    return f"CPU, {torch.get_num_threads()} threads, {versions}"


def lacks(*modules: str) -> str:
    """Return which of these is not installed here, or nothing."""
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    return f"{' and '.join(missing)} is not installed here" if missing else ""
