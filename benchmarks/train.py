"""Useful tokens per second of the train stage against the fastest valid arm of TRL's SFTTrainer.

`python -m benchmarks.train [--documents 128] [--hidden 192] [--layers 4]`. Same random model, documents, machine and
thread count; lengths are log-normal (median 256, sigma 1, cut at 4,096), the first quarter of each is the prompt.
Useful tokens are tokens of documents, never padding; the first step of every run warms up and does not count. TRL
runs from `.venv-bench`, made here from `requirements/bench.txt`. An arm whose packed documents see each other (step-0
loss off by more than 1e-3) is shown as invalid and not compared. All arms take turns for some rounds, and each one's
best round counts. The last line is one JSON object; `ratio` is ours over the fastest valid arm by the clock,
`cpu_ratio` the same by CPU time, which other programs on the machine disturb less.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from benchmarks.loads import TrainingLoad
from ssd_jobs import artifacts, contract

ROOT = Path(__file__).resolve().parents[1]
ARMS = ("padded-1", "padded-2", "padded-4", "padded-8", "padded-16", "packed")
RATES = ("tokens_per_s", "tokens_per_cpu_s")
BATCH = 16


def main(arguments: list[str]) -> None:
    """Run every arm and print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int, default=128, help=f"a multiple of {BATCH}")
    parser.add_argument(
        "--rounds", type=int, default=2, help="each arm's best round counts, for machines that are shared"
    )
    parser.add_argument("--hidden", type=int, default=192)
    parser.add_argument("--layers", type=int, default=4)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="ssd-bench-train-") as name:
        folder = Path(name)
        load = _load(options.hidden, options.layers, options.documents)
        _model_artifact(folder, load)
        load.write_documents(folder)
        gpu = torch.cuda.is_available()
        config = load.config(folder, compute="BFloat16" if gpu else "Float32", gpus=int(gpu))
        (folder / "config.json").write_text(contract.dump(config))
        rounds = [_round(folder, number) for number in range(options.rounds)]
    results = [_best(arm) for arm in zip(*rounds, strict=True)]
    ours, *others = results
    valid = [each for each in others if each["valid"]]
    rates = {key: max(each[key] for each in valid) for key in RATES}
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else f"CPU, {torch.get_num_threads()} threads"
    summary = {
        "ratio": round(ours["tokens_per_s"] / rates["tokens_per_s"], 3),
        "cpu_ratio": round(ours["tokens_per_cpu_s"] / rates["tokens_per_cpu_s"], 3),
        "best": max(valid, key=lambda each: float(each["tokens_per_s"]))["arm"],
        "device": device,
        "arms": results,
    }
    sys.stdout.write(json.dumps(summary) + "\n")


def _round(folder: Path, number: int) -> list[dict[str, Any]]:
    """Run every arm once and say how fast it was."""
    results = []
    for arm in ("ours", *ARMS):
        result = _ours(folder) if arm == "ours" else _theirs(folder, arm)
        speed = "invalid: packed documents see each other"
        if result["valid"]:
            speed = f"{result['tokens_per_s']:8.0f} useful tokens/s, {result['tokens_per_cpu_s']:8.0f} per CPU second"
        sys.stdout.write(f"round {number + 1}  {result['arm']:14} {speed}\n")
        sys.stdout.flush()
        results.append(result)
    return results


def _best(results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the best of an arm's rounds, rate by rate."""
    return {**results[0], **{key: max(each[key] for each in results) for key in RATES if results[0]["valid"]}}


def _load(hidden: int, layers: int, documents: int) -> TrainingLoad:
    """Return a small model's sizes, and documents with a median of 256 tokens."""
    return TrainingLoad(
        hidden=hidden,
        layers=layers,
        heads=hidden // 32,
        head_size=32,
        vocabulary=4096,
        sequence=4096,
        batch=BATCH,
        documents=documents,
        median=256,
        sigma=1.0,
        shortest=8,
        initializer_range=0.2,  # so that what a token sees changes its loss, which the validity check relies on
    )


def _ours(folder: Path) -> dict[str, Any]:
    """Run the train stage."""
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    return _last_line([sys.executable, str(ROOT / "benchmarks/train_ours.py"), str(folder / "config.json")])


def _theirs(folder: Path, arm: str) -> dict[str, Any]:
    """Run one arm of TRL."""
    return _last_line([str(_environment_of_trl()), str(ROOT / "benchmarks/train_trl.py"), str(folder), arm])


def _last_line(command: list[str]) -> dict[str, Any]:
    """Run a program and return the JSON object that it prints last; the rest of what it says is for its failure."""
    done = subprocess.run(command, check=False, env=_environment(), capture_output=True, text=True)
    if done.returncode:
        sys.stderr.write(done.stderr[-4000:])
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}")
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return result


def _environment() -> dict[str, str]:
    """Return the same thread settings for both sides."""
    return {
        **os.environ,
        "OMP_NUM_THREADS": str(torch.get_num_threads()),
        "OMP_WAIT_POLICY": "PASSIVE",
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }


def _environment_of_trl() -> Path:
    """Return TRL's Python, after making its environment from the lock with hashes."""
    python = ROOT / ".venv-bench/bin/python"
    if not (ROOT / ".venv-bench/complete").exists():
        uv = os.environ.get("UV", "uv")
        subprocess.run(
            [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(python.parents[1])], check=True
        )
        lock = str(ROOT / "requirements/bench.txt")
        subprocess.run([uv, "pip", "sync", "--quiet", "--require-hashes", "--python", str(python), lock], check=True)
        (ROOT / ".venv-bench/complete").touch()
    return python


def _model_artifact(folder: Path, load: TrainingLoad) -> None:
    """Write the model as an artifact, and where TRL's side looks for it."""
    load.write_model(folder / "model")
    with artifacts.Output(path=folder / "model", stage="prepare", name="model", key="a" * 64).claim() as draft:
        draft.finish(artifacts.Provenance(science={}, inputs={}, counts={}, facts={}, image=""))
    (folder / "models").mkdir()
    (folder / "models/base").symlink_to(folder / "model")


if __name__ == "__main__":
    main(sys.argv[1:])
