"""Loss and progress in MLflow while training runs.

Best effort: it happens in a thread of its own, one replay at a time, and an unreachable server is a warning in the
log. What could not be sent is sent by the next replay, or by the report.
"""

import logging
import threading
from collections.abc import Callable

__all__ = ["Live"]

LOGGER = logging.getLogger(__name__)


class Live:
    """Replays the metrics whenever there is something new."""

    def __init__(self, replay: Callable[[], object]) -> None:
        self._replay = replay
        self._news = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="live-tracking", daemon=True)
        self._thread.start()

    def send(self) -> None:
        """Request a replay: metrics became durable."""
        self._news.set()

    def close(self, *, patience_s: float) -> None:
        """Send what is left, but do not wait for long."""
        self._over.set()
        self._news.set()
        self._thread.join(timeout=patience_s)

    def _work(self) -> None:
        """Wait for news and replay until closed."""
        while True:
            self._news.wait()
            self._news.clear()
            over = self._over.is_set()
            try:
                self._replay()
            except Exception as error:  # noqa: BLE001 - tracking never fails training
                LOGGER.warning("metrics not sent to MLflow (%s); the next checkpoint tries again", error)
            if over:
                return
