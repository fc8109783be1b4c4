"""The grader as a real process, killed with SIGKILL while it grades, and run again."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from configs.grade import VERDICTS, grade_config
from ssd_jobs import contract
from ssd_jobs.contract import files
from ssd_jobs.stages.grade import stage as grade
from workspaces import graded

SECONDS = 300.0
SLOW = "```python\nimport time\ntime.sleep(1)\nprint(2 * int(input()))\n```"
TEXTS = {"double": [graded.RIGHT, graded.WRONG, graded.NO_CODE] * 90, "slow": [SLOW] * 8}
"""More than one batch; the second is slow enough to be killed in."""


def _start(config: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-m", "ssd_jobs", str(config)], stdout=subprocess.PIPE)


def _lines(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a journal that are whole, with times as precise as the table has them."""
    data = path.read_bytes() if path.exists() else b""
    rows = [json.loads(line) for line in data[: data.rfind(b"\n") + 1].splitlines()][1:]
    return [{**row, **{name: float(np.float32(row[name])) for name in ("cpu_s", "wall_s")}} for row in rows]


def _config(root: Path) -> Path:
    """Write a config that grades in one mode."""
    whole = grade_config(root)
    path = root / "config.json"
    path.write_text(contract.dump(whole.model_copy(update={"tasks": whole.tasks[:1]})))
    return path


def test_kill_9_keeps_the_verdicts_that_were_sure(tmp_path: Path) -> None:
    """The second run takes over the kept verdicts as they were measured, grades the rest, and leaves no journal."""
    root = graded.workspace(tmp_path, TEXTS)
    config, shard = _config(root), files.shard(root / f"{VERDICTS}-process", 0, 1)
    child = _start(config)
    deadline = time.monotonic() + SECONDS
    while not _lines(shard / grade.JOURNAL) and child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(child.pid, signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    kept = _lines(shard / grade.JOURNAL)
    assert 0 < len(kept) < 278
    with (shard / grade.JOURNAL).open("ab") as file:
        file.write(b'{"problem_id": "torn')
    again = _start(config)
    assert again.wait() == 0
    rows = {(row["problem_id"], row["sample_index"]): row for row in graded.verdicts(root, "process")}
    assert [rows[row["problem_id"], row["sample_index"]] for row in kept] == kept
    assert [rows["double", index]["verdict"] for index in range(270)] == ["pass", "wrong", "no_code"] * 90
    assert [rows["slow", index]["verdict"] for index in range(8)] == ["pass"] * 8
    assert sorted(path.name for path in shard.iterdir() if path.suffix == ".jsonl") == []
