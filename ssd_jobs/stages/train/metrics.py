"""What is measured at every step, and where it is kept.

Rows wait in memory until the checkpoint of their step is about to become durable; then the file is replaced. What has
been in the file may have been sent to MLflow, which forgets nothing: a step that must be done again all the same,
because its checkpoint was cut off or is damaged, is not recorded again.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path

from ssd_jobs.artifacts import atomic
from ssd_jobs.contract import files

__all__ = ["TrainingMetrics"]

PREFIX = "train/"


class TrainingMetrics:
    """The metrics of one training, as rows of `tables.METRICS`."""

    def __init__(self, directory: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._file = directory / files.METRICS
        self._clock = clock
        self._rows = self._read()
        self._recorded = max((step for step, _ in self._rows), default=0)

    def add(self, step: int, values: dict[str, float]) -> None:
        """Remember one step's values, unless an earlier attempt recorded them."""
        if step <= self._recorded:
            return
        now = int(self._clock() * 1000)
        self._rows += [
            (step, json.dumps({"step": step, "key": PREFIX + key, "value": value, "time_ms": now}))
            for key, value in values.items()
        ]

    def write(self, *, through: int) -> None:
        """Make the rows up to this step durable, besides those that are."""
        last = max(through, self._recorded)
        atomic.write_text(self._file, "".join(f"{row}\n" for step, row in self._rows if step <= last))

    def _read(self) -> list[tuple[int, str]]:
        """Return what an earlier attempt wrote, each row with its step."""
        rows = self._file.read_text(encoding="utf-8").splitlines() if self._file.exists() else []
        return [(json.loads(row)["step"], row) for row in rows]
