"""Each side stands alone: with nothing installed but its own lock file, it imports, and it stays small."""

import os
import subprocess
from pathlib import Path

import pytest

from ssd_jobs.contract import STAGES

ROOT = Path(__file__).parent.parent
UV = ROOT / "build" / "uv" / "bin" / "uv"
LIMIT_MB = 130

IMPORT_ALL = """
import importlib, pkgutil, sys, {package}
for module in pkgutil.walk_packages({package}.__path__, "{package}."):
    if not any(part in module.name for part in {skipped}):
        importlib.import_module(module.name)
found = sorted(set({forbidden}) & sys.modules.keys())
assert not found, found
"""

SIDES = {
    "operator": ("ssd_operator", ("__main__", ".cli", ".local"), ("torch", "mlflow", "numpy", "pyarrow")),
    "grader": (
        "ssd_jobs",
        (
            "__main__", ".engine", ".tracking", ".sampling", ".models.adapting", ".models.prompts",
            ".models.suitability", ".models.conversions", ".models.weight_reader", ".models.weight_writer",
            ".progress.metrics_server", ".commands.promote", ".commands.rollback",
            *(f"stages.{kind}" for kind, row in STAGES.items() if row.image != "grader"),
        ),
        ("torch", "mlflow", "transformers", "kubernetes", "kopf"),
    ),
}  # fmt: skip


@pytest.fixture(params=sorted(SIDES))
def bare(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path]:
    """An environment with exactly one lock file installed."""
    if not UV.exists():
        pytest.fail("build/uv/bin/uv is missing: run make setup")
    environment = tmp_path / "env"
    lock = ROOT / "requirements" / f"{request.param}.txt"
    python = environment / "bin" / "python"
    subprocess.run([UV, "venv", "--quiet", environment], check=True)
    subprocess.run([UV, "pip", "sync", "--quiet", "--python", python, lock], check=True)
    return request.param, environment


def test_a_side_imports_with_its_own_lock_file_only(bare: tuple[str, Path]) -> None:
    """The control side needs no torch, the grader no torch and no mlflow, and neither finds the other's libraries."""
    side, environment = bare
    package, skipped, forbidden = SIDES[side]
    code = IMPORT_ALL.format(package=package, skipped=skipped, forbidden=forbidden)
    path = os.pathsep.join((str(ROOT / "operator"), str(ROOT)))
    surroundings = {"PATH": os.environ["PATH"], "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [environment / "bin" / "python", "-c", code], env=surroundings, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    if side == "operator":
        files = (file for file in (environment / "lib").rglob("*") if file.is_file() and file.suffix != ".pyc")
        assert sum(file.stat().st_size for file in files) < LIMIT_MB * 1_000_000
