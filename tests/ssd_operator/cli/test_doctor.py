"""`ssd doctor` says what a run will use here and what is missing, and `ssd run` says it in a line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent.parent
SSD = Path(sys.executable).parent / "ssd"
TOY = ROOT / "examples" / "toy" / "selfdistill.yaml"
REAL = ROOT / "examples" / "qwen3-4b" / "selfdistill.yaml"


def ssd(*arguments: str | Path, cwd: Path, **environ: str) -> "subprocess.CompletedProcess[str]":
    """Run `ssd` where no variable hides or invents GPUs."""
    around = {name: value for name, value in os.environ.items() if name != "CUDA_VISIBLE_DEVICES"}
    return subprocess.run([SSD, *arguments], env=around | environ, cwd=cwd, capture_output=True, text=True, check=False)


def with_gpus(folder: Path, *kinds: str) -> str:
    """Return a PATH on which a program lists GPUs as nvidia-smi would."""
    lines = [f"{index}, GPU-{index}, 470.57, 81559, {kind}" for index, kind in enumerate(kinds)]
    program = folder / "nvidia-smi"
    program.write_text("#!/bin/sh\n" + "".join(f"echo '{line}'\n" for line in lines))
    program.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def test_this_machine_can_run_the_toy_on_its_processor(tmp_path: Path) -> None:
    """Everything that the development environment has is found, and the answer for programs is JSON."""
    done = ssd("doctor", TOY, "-o", "json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["device"] == "CPU"
    states = {each["subject"]: each["state"] for each in found["findings"]}
    assert states == dict.fromkeys(states, "ok") | {"GPU": "none"}
    assert {"processor", "torch", "kernels", "vLLM", "sandbox", "disk", "/dev/shm"} < set(states)


def test_an_experiment_that_asks_for_a_gpu_is_refused_where_there_is_none(tmp_path: Path) -> None:
    """One sentence, that of `ssd run`, which leaves nothing behind."""
    sentence = "sample: asks for 1 GPUs, this machine has 0; lower the stage's GPU count (0 is the CPU)"
    for command in ("doctor", "run"):
        done = ssd(command, REAL, cwd=tmp_path)
        assert done.returncode == 64
        assert done.stderr.startswith(sentence)
        assert done.stderr.count("\n") == 1
    assert not (tmp_path / "work").exists()


def test_gpus_that_torch_cannot_use_are_a_reason_to_refuse(tmp_path: Path) -> None:
    """The driver lists eight, and torch finds no driver here: both commands say what torch says."""
    path = with_gpus(tmp_path, *["NVIDIA H100"] * 8)
    looked = ssd("doctor", cwd=tmp_path, PATH=path)
    assert looked.returncode == 64
    assert "cannot use the GPUs" in looked.stdout
    done = ssd("run", REAL, cwd=tmp_path, PATH=path)
    assert done.returncode == 64
    assert "cannot use the GPUs" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("missing", ["torch", "vllm"])
def test_a_library_that_is_not_there_is_found_missing(missing: str, tmp_path: Path) -> None:
    """Without torch nothing runs; without vLLM transformers samples."""
    (tmp_path / "sitecustomize.py").write_text(f"import sys\nsys.modules[{missing!r}] = None\n")
    done = ssd("doctor", cwd=tmp_path, PYTHONPATH=str(tmp_path))
    assert done.returncode == (64 if missing == "torch" else 0), done.stderr
    assert f"{'torch' if missing == 'torch' else 'vLLM'} is not installed" in done.stdout


def test_a_format_that_is_none_is_refused(tmp_path: Path) -> None:
    """As by `ssd plan`."""
    done = ssd("doctor", "-o", "yaml", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (
        64,
        "--output yaml: there is no such format; name table or json\n",
    )
