"""The lock of a registered model: whoever reads its aliases or tags and then changes them holds it meanwhile.

MLflow has no lock and no compare-and-set, but it numbers versions: no two creations get one number, and none is given
again. So a lock is a queue of tickets, which are the versions of a model NAME.lock: the lowest ticket that has not
expired holds the lock, and nobody can get a lower one afterwards. A ticket is deleted by its owner, or by anyone once
it has expired, which is how the ticket of a killed process goes. Times are those of the server, taken from the tickets
themselves, so that the clocks of two machines need not agree.
"""

import hashlib
import logging
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ssd_jobs.errors import Temporary
from ssd_jobs.tracking import registered, runs

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = ["LEASE", "LEASE_S", "Lease", "held", "name_of"]

LOGGER = logging.getLogger(__name__)

LEASE_S = 120.0
"""After this a ticket has expired. What is done under the lock is a few requests."""
PATIENCE_S = 600.0
POLL_S = 0.1
LONGEST_NAME = 250
SOURCE = "ssd-lock://lock/ticket"
OWNER, LEASE = "ssd.owner", "ssd.lease_s"


@dataclass(frozen=True)
class Lease:
    """A ticket, and when it was taken."""

    number: int
    created_ms: int
    """On the server's clock."""
    asked: float
    answered: float
    """On this process's monotonic clock, before and after the request."""
    seconds: float

    @property
    def safe(self) -> bool:
        """Whether there is time for another change: at least half of the lease is left."""
        return time.monotonic() - self.asked < self.seconds / 2

    @property
    def now_ms(self) -> float:
        """Return the server's time at the earliest."""
        return self.created_ms + 1000 * (time.monotonic() - self.answered)

    def check(self) -> None:
        """Raise Temporary when the lock may soon be another's; to be called right before a change."""
        if not self.safe:
            raise Temporary("MLflow answers so slowly that the lock of the alias ran out; the same run goes on")


@contextmanager
def held(
    client: "MlflowClient", name: str, *, owner: str, lease_s: float | None = None, patience_s: float | None = None
) -> Iterator[Lease]:
    """Hold the lock of a registered model; raise Temporary when others hold it for too long."""
    queue = _Queue(client, name_of(name), owner, LEASE_S if lease_s is None else lease_s)
    try:
        yield queue.first(time.monotonic() + (PATIENCE_S if patience_s is None else patience_s))
    finally:
        queue.leave()


def name_of(name: str) -> str:
    """Return the name of the model whose versions are the tickets."""
    shown = name if len(name) <= LONGEST_NAME else hashlib.sha256(name.encode()).hexdigest()
    return f"{shown}.lock"


class _Queue:
    """This process's place in the queue."""

    def __init__(self, client: "MlflowClient", lock: str, owner: str, lease_s: float) -> None:
        self._client = client
        self._lock = lock
        self._tags = {OWNER: f"{owner} (process {os.getpid()} on {socket.gethostname()})", LEASE: f"{lease_s:g}"}
        self._lease_s = lease_s
        self._mine: Lease | None = None

    def first(self, deadline: float) -> Lease:
        """Wait until this process's ticket is the lowest one."""
        registered.ensure(self._client, self._lock)
        while True:
            if self._mine is None or not self._mine.safe:
                self._take()
            assert self._mine is not None
            ahead = self._ahead(self._mine)
            if ahead is None and self._mine.safe:
                return self._mine
            if ahead is not None and time.monotonic() > deadline:
                raise Temporary(
                    f"{self._lock}: is held by {ahead.tags.get(OWNER, 'somebody')}; the same run goes on when it is "
                    f"released or has expired"
                )
            time.sleep(POLL_S)

    def leave(self) -> None:
        """Delete this process's ticket; where that fails it expires."""
        if self._mine is not None:
            self._delete(self._mine.number)
            self._mine = None

    def _take(self) -> None:
        """Take a ticket at the end of the queue, and give back the one before."""
        self.leave()
        asked = time.monotonic()
        made = self._client.create_model_version(self._lock, source=SOURCE, tags=self._tags, await_creation_for=0)
        answered = time.monotonic()
        self._mine = Lease(int(made.version), int(made.creation_timestamp), asked, answered, self._lease_s)

    def _ahead(self, mine: Lease) -> Any | None:
        """Return the ticket that holds the lock, if it is another's; delete those that have expired."""
        found = self._client.search_model_versions(f"name = {runs.quoted(self._lock)}")
        for ticket in sorted(found, key=lambda each: int(each.version)):
            if int(ticket.version) >= mine.number:
                break
            if mine.now_ms < ticket.creation_timestamp + 1000 * float(ticket.tags.get(LEASE, LEASE_S)):
                return ticket
            LOGGER.warning("%s: took over from %s, whose ticket expired", self._lock, ticket.tags.get(OWNER))
            self._delete(int(ticket.version))
        return None

    def _delete(self, number: int) -> None:
        """Delete a ticket, unless somebody else did."""
        from mlflow.exceptions import MlflowException

        with suppress(MlflowException):
            self._client.delete_model_version(self._lock, str(number))
