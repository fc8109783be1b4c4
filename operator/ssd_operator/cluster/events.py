"""Events for people: one object per kind of thing that happened to a resource, counted when it happens again.

Its name is derived from what it says, so a repeat is found and counted instead of made again. An event
is a courtesy; failing to write one never fails anything.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Protocol

from ssd_operator import naming
from ssd_operator.cluster.api import Api, ApiError
from ssd_operator.cluster.keys import Key
from ssd_operator.cluster.transport import Raw
from ssd_operator.lifecycle import Event

__all__ = ["Recorder"]

LOGGER = logging.getLogger(__name__)
LONGEST_NOTE = 1000
"""In bytes; the API server takes 1,024."""
MOST_COUNTS = 10_000


class Subject(Protocol):
    """A resource of any kind, to which something happened."""

    @property
    def key(self) -> Key:
        """Which one it is."""

    @property
    def uid(self) -> str:
        """Its uid."""


class Recorder:
    """Writes events about resources."""

    def __init__(self, api: Api, *, identity: str, clock: Callable[[], datetime]) -> None:
        self._api = api
        self._identity = identity
        self._clock = clock
        self._counts: OrderedDict[str, int] = OrderedDict()

    async def record(self, subject: Subject, events: Iterable[Event]) -> None:
        """Write what happened to a resource."""
        for event in events:
            try:
                await self._write(subject, event)
            except ApiError as error:
                LOGGER.warning("an event was not written: %s", error)

    async def _write(self, subject: Subject, event: Event) -> None:
        """Make the event, or count it when it is there."""
        body = self._body(subject, event)
        try:
            await self._api.create(body)
        except ApiError as error:
            if not error.exists:
                raise
            await self._count(body["metadata"]["namespace"], body["metadata"]["name"])

    async def _count(self, namespace: str, name: str) -> None:
        """Count a repeat; the count is this process's own, so that events need not be readable."""
        self._counts[name] = count = self._counts.pop(name, 1) + 1
        while len(self._counts) > MOST_COUNTS:
            self._counts.popitem(last=False)
        await self._api.patch("Event", namespace, name, {"count": count, "lastTimestamp": _seconds(self._clock())})

    def _body(self, subject: Subject, event: Event) -> Raw:
        """Return the event as an object; of core/v1, since `kubectl describe` sorts by `lastTimestamp`."""
        moment = self._clock().astimezone(UTC)
        now = _seconds(moment)
        note = event.note.encode()[:LONGEST_NOTE].decode(errors="ignore")
        digest = naming.short(subject.uid, event.reason.word, note)
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"{subject.key.name}.{digest}", "namespace": subject.key.namespace},
            "eventTime": moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
            "type": "Warning" if event.reason.is_warning else "Normal",
            "reason": event.reason.word,
            "action": "Reconcile",
            "message": note,
            "source": {"component": f"{naming.GROUP}/operator", "host": self._identity},
            "reportingComponent": f"{naming.GROUP}/operator",
            "reportingInstance": self._identity or "operator",
            "involvedObject": {
                "apiVersion": naming.API_VERSION,
                "kind": subject.key.kind,
                "name": subject.key.name,
                "namespace": subject.key.namespace,
                "uid": subject.uid,
            },
        }


def _seconds(moment: datetime) -> str:
    """Return a moment as the older fields of an event take it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
