"""The oldest torch and transformers that pyproject.toml allows train as the tested pair does."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
UV = ROOT / "build" / "uv" / "bin" / "uv"
LOCK = ROOT / "requirements" / "oldest-torch.txt"
TESTS = ROOT / "tests" / "ssd_jobs" / "stages" / "train"
NAMES = ("test_loss.py", "test_checkpoint.py", "test_guard.py", "test_lora.py", "test_filling.py", "test_export.py")
"""What computes, saves and loads. Not test_kernels.py: Triton 3.6 compiles what it cannot interpret with NumPy 2.5. Not
test_pieces.py: transformers 5.17 turns positions by a matrix product, which torch counts and nobody calls useful."""


def _locked(name: str) -> str:
    """Return the version that the lock has of a package."""
    [version] = re.findall(rf"^{name}==(\S+)", LOCK.read_text(), re.MULTILINE)
    return str(version)


@pytest.mark.parametrize("name", ["torch", "transformers"])
def test_the_lock_has_the_oldest_that_is_allowed(name: str) -> None:
    """pyproject.toml promises no older one than is tested."""
    [oldest] = re.findall(rf'^    "{name}>=([\d.]+),', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert _locked(name).rpartition(".")[0] == oldest


@pytest.mark.endurance
def test_training_holds_on_the_oldest_torch(tmp_path: Path) -> None:
    """The training tests pass in an environment of its own, made from its lock with hashes."""
    if not UV.exists():
        pytest.fail("build/uv/bin/uv is missing: run make setup")
    python = tmp_path / "env" / "bin" / "python"
    subprocess.run([UV, "venv", "--quiet", "--python", sys.executable, tmp_path / "env"], check=True)
    subprocess.run([UV, "pip", "sync", "--quiet", "--require-hashes", "--python", python, LOCK], check=True)
    version: list[str | Path] = [python, "-c", "import torch; print(torch.__version__.split('+')[0])"]
    assert subprocess.run(version, check=True, capture_output=True, text=True).stdout.strip() == _locked("torch")
    command: list[str | Path] = [
        python,
        "-m",
        "pytest",
        "-q",
        "-n",
        "0",
        "-p",
        "no:cacheprovider",
        "-m",
        "not endurance",
    ]
    surroundings = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "operator")))}
    surroundings = {name: value for name, value in surroundings.items() if not name.startswith(("COV_", "PYTEST_"))}
    asked = [*command, *(TESTS / name for name in NAMES)]
    done = subprocess.run(asked, cwd=ROOT, env=surroundings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
