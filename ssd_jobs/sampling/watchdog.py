"""Ends a process whose engine stands still: a thread inside native code cannot be interrupted from Python.

What is sampled is in the journal, so the runner starts the shard again and loses nothing but time.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from types import TracebackType

from ssd_jobs.errors import ExitCode

__all__ = ["Watchdog"]

LOGGER = logging.getLogger(__name__)


class Watchdog:
    """Watches that `beat` is called often enough while the block runs."""

    def __init__(
        self,
        seconds: float,
        *,
        on_hang: Callable[[], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._seconds = seconds
        self._on_hang = on_hang or self._end
        self._clock = clock
        self._beat = clock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def beat(self) -> None:
        """Say that the engine moves."""
        self._beat = self._clock()

    def __enter__(self) -> "Watchdog":
        self.beat()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        """Look a few times per allowed silence."""
        while not self._over.wait(min(self._seconds / 4, 5.0)):
            if self._clock() - self._beat > self._seconds:
                self._on_hang()
                return

    def _end(self) -> None:
        """Give the engine up."""
        LOGGER.error("no token for %.0f s: the engine hangs and is given up; run again to continue", self._seconds)
        os._exit(ExitCode.FAILED)
