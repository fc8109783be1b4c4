"""The API server's time: what it has stamped, ends of Jobs and of runs, is compared with this and not with our clock.

The clock of the operator's machine may be an hour off, in either direction; a deadline or a time to live that is judged
by it would be over an hour too soon, or too late. Every answer says what time it is at the server.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from ssd_operator.cluster.transport import TIMEOUT_S

__all__ = ["ServerClock"]

LOGGER = logging.getLogger(__name__)
TOLERANCE = timedelta(seconds=TIMEOUT_S)
"""No answer is older than this when it arrives, so what differs by more is our clock."""


def _here() -> datetime:
    return datetime.now(tz=UTC)


class ServerClock:
    """Our clock, put right by what the API server says."""

    def __init__(self, here: Callable[[], datetime] = _here) -> None:
        self._here = here
        self._ahead = timedelta()
        self._heard: str | None = None

    def __call__(self) -> datetime:
        """Return the time."""
        return self._here() + self._ahead

    def hear(self, date: str | None) -> None:
        """Compare with the time of an answer, as HTTP writes it; what says none changes nothing."""
        if date is None or date == self._heard:
            return
        self._heard = date
        try:
            off = parsedate_to_datetime(date).astimezone(UTC) - self()
        except ValueError:
            return
        if abs(off) > TOLERANCE:
            self._ahead += off
            LOGGER.warning(
                "this machine's clock is %d s off the API server's, which is followed", -self._ahead.total_seconds()
            )
