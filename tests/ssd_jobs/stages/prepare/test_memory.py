"""A pool may be larger than the memory."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.endurance

SUPPORT = Path(__file__).parents[3] / "support"
ROOT = Path(__file__).parents[4]
FEW, MANY = 2_000, 60_000
WANTED_ROWS, WANTED_MB = 600_000, 1_500


def largest_mb(directory: Path, rows: int) -> int:
    """Prepare so many rows of 2 KB in a process of its own and return its largest resident size."""
    directory.mkdir()
    environment = {**os.environ, "PYTHONPATH": f"{SUPPORT}:{ROOT}", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "processes.prepare_memory", str(directory), str(rows)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return int(done.stdout.split()[-1])


def test_what_a_row_costs_allows_the_whole_data_set(tmp_path: Path) -> None:
    """Statements pass through: what each row of 2 KB adds keeps 600,000 of them below 1.5 GB."""
    few, many = largest_mb(tmp_path / "few", FEW), largest_mb(tmp_path / "many", MANY)
    per_row = (many - few) / (MANY - FEW)
    assert many + per_row * (WANTED_ROWS - MANY) < WANTED_MB
