"""The metrics of a shard over time, as `metrics.jsonl`: a row per value every 30 seconds and one at the end.

Steps are seconds of work. A resumed shard goes on where the last row was, so the last step is what the shard cost.
"""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from ssd_jobs.artifacts import lines
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
        rows = [json.dumps({**stamp, "key": key, "value": value}) + "\n" for key, value in values.items()]
        lines.append(self._path, "".join(rows).encode())

    def _resume(self) -> float:
        """Return the last step of earlier starts."""
        rows = lines.mended(self._path)
        return float(json.loads(rows[-1])["step"]) if rows else 0.0
