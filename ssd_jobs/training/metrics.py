"""What is measured at every step, and where it is kept.

Rows wait in memory until the checkpoint of their step is about to become durable; then the file is replaced. A step
after it is not in the file, because a resume does it again and it would be recorded twice.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path

from ssd_jobs.artifacts import atomic

__all__ = ["FILE", "Metrics"]

FILE = "metrics.jsonl"
PREFIX = "train/"


class Metrics:
    """The metrics of one training, as rows of `tables.METRICS`."""

    def __init__(self, directory: Path, *, resumed: int, clock: Callable[[], float] = time.time) -> None:
        self._file = directory / FILE
        self._clock = clock
        self._rows = [line for line in self._read() if json.loads(line)["step"] <= resumed]

    def add(self, step: int, values: dict[str, float]) -> None:
        """Remember one step's values."""
        now = int(self._clock() * 1000)
        self._rows += [
            json.dumps({"step": step, "key": PREFIX + key, "value": value, "time_ms": now})
            for key, value in values.items()
        ]

    def write(self, *, through: int) -> None:
        """Make the rows up to this step durable."""
        atomic.write_text(self._file, "".join(f"{row}\n" for row in self._rows if json.loads(row)["step"] <= through))

    def _read(self) -> list[str]:
        """Return what an earlier attempt wrote."""
        return self._file.read_text(encoding="utf-8").splitlines() if self._file.exists() else []
