"""Each combination of extras that docs/installation.md names is enough for the commands that need no more."""

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from ssd_operator import __version__

ROOT = Path(__file__).parent.parent
UV = ROOT / "build" / "uv" / "bin" / "uv"
PAGE = (ROOT / "docs" / "installation.md").read_text()
DOCUMENTED = re.findall(r"^\| `uv pip install (.*?)'\.\[([\w,-]+)\]'` \|", PAGE, re.MULTILINE)
"""(options, extras) of every line of the table."""
TOY = ROOT / "examples" / "toy" / "selfdistill.yaml"
LIGHT = "cli"
"""What every other combination has; it installs in seconds, the others take minutes."""


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command that shall succeed and return what it prints; nothing of this environment reaches it."""
    around = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    kept = {name: value for name, value in os.environ.items() if name.startswith(("UV_", "PIP_", "SSL_", "XDG_"))}
    done = subprocess.run(command, env=around | kept, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as it is installed elsewhere."""
    if not UV.exists():
        pytest.fail("build/uv/bin/uv is missing: run make setup")
    folder = tmp_path_factory.mktemp("wheel")
    run(UV, "build", "--quiet", "--wheel", "--out-dir", folder, ROOT, cwd=folder)
    [built] = folder.glob("*.whl")
    return built


@pytest.mark.parametrize(
    ("options", "extras"),
    [
        pytest.param(options, extras, id=extras, marks=() if extras == LIGHT else pytest.mark.endurance)
        for options, extras in DOCUMENTED
    ],
)
def test_a_documented_combination_is_enough(options: str, extras: str, wheel: Path, tmp_path: Path) -> None:
    """In an environment with nothing else `ssd` helps, plans and lists presets, and the doctor says what is missing."""
    python, ssd = (tmp_path / "env" / "bin" / name for name in ("python", "ssd"))
    run(UV, "venv", "--quiet", tmp_path / "env", cwd=tmp_path)
    asked = f"ssd-operator[{extras}] @ {wheel.as_uri()}"
    run(UV, "pip", "install", "--quiet", "--python", python, *shlex.split(options), asked, cwd=ROOT)
    assert "plan" in run(ssd, "--help", cwd=tmp_path)
    assert run(ssd, "--version", cwd=tmp_path).strip() == __version__
    assert run(ssd.with_name("kubectl-sd"), "--version", cwd=tmp_path).strip() == __version__
    assert "prepare" in run(ssd, "plan", TOY, cwd=tmp_path)
    assert "gpt-oss-20b" in run(ssd, "presets", cwd=tmp_path)
    looked = subprocess.run([ssd, "doctor"], cwd=tmp_path, capture_output=True, text=True, check=False)
    runs = "worker" in extras or extras == "gpu"
    assert ("torch is not installed" in looked.stdout) != runs, looked.stdout + looked.stderr
    assert looked.returncode == (0 if runs else 64)


def test_the_table_is_read() -> None:
    """A table in another form would leave nothing to test."""
    assert {extras for _, extras in DOCUMENTED} == {
        "cli",
        "cli,operator",
        "cli,worker",
        "cli,worker,vllm-cpu",
        "gpu",
    }
