"""The metrics of a shard over time, as `metrics.jsonl`: a row per value every 30 seconds and one at the end.

Steps are seconds of work. A resumed shard goes on where the last row was, so the last step is what the shard cost.
"""

import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from ssd_jobs.contract import files

__all__ = ["INTERVAL_SECONDS", "Metrics"]

INTERVAL_SECONDS = 30.0


class Metrics:
    """Appends to the file of one shard."""

    def __init__(self, directory: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = directory / files.METRICS
        self._clock = clock
        self._before = self._resume()
        self._written = clock()
        self._begun: float | None = None

    def begin(self) -> None:
        """Count the time from here on: until then it was work on another shard."""
        self._begun = self._clock()

    @property
    def seconds(self) -> float:
        """Seconds of work on this shard, those of earlier starts included."""
        return self._before + (0.0 if self._begun is None else self._clock() - self._begun)

    @property
    def due(self) -> bool:
        """Tell whether it is time for another row."""
        return self._clock() - self._written >= INTERVAL_SECONDS

    def write(self, values: Mapping[str, float]) -> None:
        """Append the current values."""
        self._written = self._clock()
        stamp = {"step": round(self.seconds), "time_ms": int(time.time() * 1000)}
        lines = [json.dumps({**stamp, "key": key, "value": value}) + "\n" for key, value in values.items()]
        with self._path.open("a", encoding="utf-8") as stream:
            stream.writelines(lines)
            stream.flush()
            os.fsync(stream.fileno())

    def _resume(self) -> float:
        """Return the last step of earlier starts; cut a torn last line off."""
        if not self._path.exists():
            return 0.0
        data = self._path.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        if len(whole) < len(data):
            os.truncate(self._path, len(whole))
        lines = whole.splitlines()
        return float(json.loads(lines[-1])["step"]) if lines else 0.0
