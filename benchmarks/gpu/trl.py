"""TRL's SFTTrainer on the documents of `train`: its arms that fit, each in a process of its own."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.gpu import part, train
from benchmarks.loads import TrainingLoad
from ssd_jobs.contract import files

__all__ = ["measure"]

PROGRAM = Path(__file__).resolve().parents[1] / "train_trl.py"
ARMS = ("padded-1", "padded-4", "packed")
STEPS = 4
MEMORY = ("OutOfMemoryError", "out of memory")


def measure(of: part.Part) -> None:
    """Run the arms one after the other."""
    missing = part.lacks("trl", "datasets")
    if missing:
        of.add("skipped", missing)
        return
    load = _load(tiny=of.tiny)
    train.prepare(of.folder, load, gpus=of.gpus)
    model = of.folder / "model"
    if not (model / files.MODEL_CONFIG).exists():
        model.symlink_to(of.folder / "models/base")
    results: dict[str, Any] = {}
    for arm in ARMS[:1] if of.tiny else ARMS:
        results[arm] = _arm(of.folder, arm)
        of.add("arms", results)


def _load(*, tiny: bool) -> TrainingLoad:
    """Return the documents of `train`, fewer of them."""
    load = train.TINY if tiny else train.LARGE
    return replace(load, documents=STEPS * load.batch)


def _arm(folder: Path, arm: str) -> dict[str, Any]:
    """Run one arm; one that needs more memory than there is says so."""
    command = [sys.executable, str(PROGRAM), str(folder), arm]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode == 0:
        found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        return found
    sys.stderr.write(done.stderr[-4000:])
    last = next(iter(done.stderr.strip().splitlines()[::-1]), "")
    return {"failed": "does not fit" if any(each in done.stderr for each in MEMORY) else last[:300]}


if __name__ == "__main__":
    part.main(measure)
