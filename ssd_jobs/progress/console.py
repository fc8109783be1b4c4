"""Progress for a person: a bar that moves on a terminal, a line every 30 seconds in a log."""

import logging
import sys
import time
from collections.abc import Callable
from typing import TextIO

__all__ = ["Console"]

LOGGER = logging.getLogger(__name__)
LOG_SECONDS = 30.0
BAR_SECONDS = 1.0
WIDTH = 24


class Console:
    """Shows one piece of work, such as a shard."""

    def __init__(self, title: str, *, stream: TextIO = sys.stderr, clock: Callable[[], float] = time.monotonic) -> None:
        self._title = title
        self._stream = stream
        self._clock = clock
        self._live = stream.isatty()
        self._looked = float("-inf")
        self._logged = clock()

    @property
    def due(self) -> bool:
        """Return whether a second has passed: nobody needs the numbers more often."""
        return self._clock() - self._looked >= BAR_SECONDS

    def show(self, done: int, total: int, unit: str, *details: str) -> None:
        """Show the current state: how much is done, and what else is worth knowing."""
        self._looked = self._clock()
        text = ", ".join((f"{done}/{total} {unit}", *details))
        if self._live:
            filled = round(WIDTH * done / total) if total else WIDTH
            self._stream.write(f"\r\x1b[K{self._title} [{'#' * filled}{'.' * (WIDTH - filled)}] {text}")
            self._stream.flush()
        elif self._looked - self._logged >= LOG_SECONDS or done >= total:
            self._logged = self._looked
            LOGGER.info("%s: %s", self._title, text)

    def close(self) -> None:
        """End the line of the bar, if there is one."""
        if self._live and self._looked > float("-inf"):
            self._stream.write("\n")
