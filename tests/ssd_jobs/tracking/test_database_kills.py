"""An opening of a new database killed at many moments: the next one always works."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tracking import mlflow_server

pytestmark = pytest.mark.endurance

SCRIPT = Path(mlflow_server.__file__).with_name("database_kills.py")
POINTS = [f"{share / 25:.2f}" for share in range(25)]


@pytest.mark.parametrize("way", ["ours", "mlflow"])
def test_whatever_the_moment_of_the_kill_the_next_one_works(way: str, tmp_path: Path) -> None:
    """From the first statement to the last, in our way and in MLflow's own: one run is recorded afterwards."""
    command = [sys.executable, str(SCRIPT), str(tmp_path), *(f"{way}-{point}" for point in POINTS)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    assert len(found) == len(POINTS)
    assert {point: (each["codes"], each["runs"]) for point, each in found.items()} == dict.fromkeys(found, ([0], 2))
