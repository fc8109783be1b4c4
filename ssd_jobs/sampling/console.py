"""Progress for a person: a bar that moves on a terminal, a line every 30 seconds in a log."""

import logging
import sys
import time
from collections.abc import Callable, Mapping
from typing import TextIO

__all__ = ["Console"]

LOGGER = logging.getLogger(__name__)
LOG_SECONDS = 30.0
BAR_SECONDS = 1.0
WIDTH = 24


class Console:
    """Shows one shard."""

    def __init__(self, title: str, *, stream: TextIO = sys.stderr, clock: Callable[[], float] = time.monotonic) -> None:
        self._title = title
        self._stream = stream
        self._clock = clock
        self._live = stream.isatty()
        self._looked = float("-inf")
        self._logged = clock()

    @property
    def due(self) -> bool:
        """Tell whether a second has passed: nobody needs the numbers more often."""
        return self._clock() - self._looked >= BAR_SECONDS

    def show(self, done: int, total: int, values: Mapping[str, float]) -> None:
        """Show the current state."""
        self._looked = self._clock()
        rate, left = values.get("output_tokens_per_s", 0.0), values.get("waiting", 0.0)
        text = (
            f"{done}/{total} samples, {rate:.0f} tokens/s, {values.get('running', 0):.0f} running, {left:.0f} waiting"
        )
        if self._live:
            filled = round(WIDTH * done / total) if total else WIDTH
            self._stream.write(f"\r\x1b[K{self._title} [{'#' * filled}{'.' * (WIDTH - filled)}] {text}")
            self._stream.flush()
        elif self._looked - self._logged >= LOG_SECONDS or done >= total:
            self._logged = self._looked
            LOGGER.info("%s: %s", self._title, text)

    def close(self) -> None:
        """End the line of the bar."""
        if self._live:
            self._stream.write("\n")
