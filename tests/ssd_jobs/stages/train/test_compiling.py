"""torch.compile changes the time that a step takes, and nothing that it computes."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from torch._dynamo.utils import counters
from torch._inductor import config as inductor

from configs.train import train_config
from ssd_jobs.context import Context
from ssd_jobs.contract import files
from ssd_jobs.errors import BadInput
from ssd_jobs.models import compilers
from ssd_jobs.progress.recorder import Progress
from ssd_jobs.stages.train import stage as train
from workspaces import training

pytestmark = pytest.mark.endurance


def losses(root: Path, name: str, *, compiled: bool) -> list[float]:
    """Train and return the loss of every step."""
    config = train_config(root, output=f"checkpoints/{name}", compile=compiled)
    train.run(config, Context(root, 0, Progress()))
    rows = [json.loads(line) for line in (root / config.output / files.METRICS).read_text().splitlines()]
    return [row["value"] for row in rows if row["key"] == "train/loss"]


def test_compiled_blocks_compute_the_same(tmp_path: Path) -> None:
    """Every block was compiled, and the losses of all steps, packs of different lengths, are those without.

    A machine without a C++ compiler cannot compile: there the stage says so instead.
    """
    root = training.workspace(tmp_path)
    torch.compiler.reset()
    counters.clear()
    if shutil.which("g++") is None:
        with pytest.raises(BadInput, match=r"training\.compile: there is no C\+\+ compiler"):
            losses(root, "compiled", compiled=True)
        return
    compiled = losses(root, "compiled", compiled=True)
    assert counters["stats"]["unique_graphs"] > 0
    assert compiled == pytest.approx(losses(root, "plain", compiled=False), abs=1e-5)


def test_no_compiler_is_said_before_anything_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without g++ the stage ends with a sentence that names the field."""
    monkeypatch.setattr(inductor.cpp, "cxx", (None, "no-such-compiler"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BadInput, match=r"training\.compile: there is no C\+\+ compiler \(g\+\+\)"):
        compilers.require("cpu")
    with pytest.raises(BadInput, match=r"training\.compile: there is no C compiler \(gcc\)"):
        compilers.require("cuda")
