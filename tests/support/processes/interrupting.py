"""A training that is asked to stop after a step, as a signal would ask."""

import threading

from ssd_jobs.progress.recorder import Progress


class Interrupting(Progress):
    """Asks to stop when this step is done."""

    def __init__(self, stop: threading.Event, after: int) -> None:
        super().__init__()
        self._stop, self._after = stop, after

    def update(self, *, done: float, total: float, unit: str, **values: float) -> None:
        """Say it, then ask."""
        super().update(done=done, total=total, unit=unit, **values)
        if done == self._after:
            self._stop.set()
