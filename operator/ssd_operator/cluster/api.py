"""The verbs of the API server: JSON in, JSON out, and one kind of error; models would copy every object twice.

Nothing is retried here. Whoever asked knows better what a failure means, and the work queue tries again anyway.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import aiohttp

from ssd_operator.cluster.decoding import decode
from ssd_operator.cluster.owners import OwnerReference, owned_by
from ssd_operator.cluster.paths import KINDS, kind_of
from ssd_operator.cluster.server_clock import ServerClock
from ssd_operator.cluster.transport import JSON, Http, Raw, Request, Transport

__all__ = ["Api", "ApiError", "connect"]

Observe = Callable[[str, int], None]
"""Called with verb and status of every request."""
MERGE = "application/merge-patch+json"
PAGE = 500
REFUSALS = frozenset({400, 403, 413, 422})
"""Malformed, forbidden (also by a quota), too large, invalid."""
UNSERVED = "Unserved"
"""Our reason for an answer without one: the cluster has no such kind of object."""


class ApiError(Exception):
    """The API server refused, or could not be reached (status 0)."""

    def __init__(self, status: int, reason: str, message: str, retry_after: float = 0.0) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status, self.reason, self.message, self.retry_after = status, reason, message, retry_after

    @classmethod
    def read(cls, status: int, text: bytes, retry_after: str | None = None) -> ApiError:
        """Return the API server's own words."""
        try:
            answer = decode(text)
        except ValueError:
            answer = {}
        wait = float(retry_after) if retry_after and retry_after.isdigit() else 0.0
        message = answer.get("message") or text[:200].decode(errors="replace")
        return cls(status, answer.get("reason", ""), message, wait)

    @property
    def missing(self) -> bool:
        """Tell whether the object does not exist."""
        return self.status == 404 and self.reason != UNSERVED

    @property
    def exists(self) -> bool:
        """Tell whether the name was taken."""
        return self.status == 409 and self.reason == "AlreadyExists"

    @property
    def refused(self) -> bool:
        """Tell whether the same request would be refused again: a person must change something first."""
        return self.status in REFUSALS or self.reason == UNSERVED

    @property
    def conflict(self) -> bool:
        """Tell whether the object changed since it was read."""
        return self.status == 409 and self.reason != "AlreadyExists"


async def connect(
    kubeconfig: Path | None = None,
    *,
    context: str = "",
    observe: Observe = lambda _verb, _code: None,
    clock: ServerClock | None = None,
) -> Api:
    """Return a connection: by the pod's service account, or by a kubeconfig when one is given."""
    return Api(await Http.connect(kubeconfig, context), observe=observe, clock=clock)


class Api:
    """The verbs that the operator uses."""

    def __init__(
        self,
        transport: Transport,
        *,
        observe: Observe = lambda _verb, _code: None,
        clock: ServerClock | None = None,
    ) -> None:
        self.transport = transport
        self.clock = clock or ServerClock()
        self._observe = observe

    async def close(self) -> None:
        """Close the connections."""
        await self.transport.close()

    async def get(self, kind: str, namespace: str, name: str) -> Raw:
        """Read one object."""
        return await self.request("GET", KINDS[kind].path(namespace, name))

    async def find(self, kind: str, namespace: str, name: str) -> Raw | None:
        """Read one object, or return None when there is none of that name."""
        try:
            return await self.get(kind, namespace, name)
        except ApiError as error:
            if not error.missing:
                raise
            return None

    async def create(self, body: Raw, *, owner: OwnerReference | None = None) -> Raw:
        """Make one object; its name is the lock."""
        path = kind_of(body).path(body["metadata"]["namespace"])
        try:
            return await self.request("POST", path, body=owned_by(body, owner))
        except ApiError as error:
            if error.status != 404 or error.reason:
                raise
            raise ApiError(404, UNSERVED, f"it serves no {body['kind']} of {body['apiVersion']}") from None

    async def ensure(self, body: Raw, *, owner: OwnerReference) -> None:
        """Make one object unless it is there."""
        try:
            await self.create(body, owner=owner)
        except ApiError as error:
            if not error.exists:
                raise

    async def replace_status(self, body: Raw) -> Raw:
        """Write a status, if the object is still the one that was read."""
        metadata = body["metadata"]
        path = KINDS[body["kind"]].path(metadata["namespace"], metadata["name"], "status")
        return await self.request("PUT", path, body=body)

    async def replace(self, body: Raw) -> Raw:
        """Write an object, if it is still the one that was read."""
        metadata = body["metadata"]
        return await self.request("PUT", KINDS[body["kind"]].path(metadata["namespace"], metadata["name"]), body=body)

    async def patch(self, kind: str, namespace: str, name: str, change: Raw) -> Raw:
        """Merge a change into an object."""
        return await self.request("PATCH", KINDS[kind].path(namespace, name), body=change, content_type=MERGE)

    async def delete(self, kind: str, namespace: str, name: str, *, preconditions: Raw, foreground: bool) -> None:
        """Delete one object, if it is still the one that was meant."""
        body = {"preconditions": preconditions, "propagationPolicy": "Foreground" if foreground else "Background"}
        await self.request("DELETE", KINDS[kind].path(namespace, name), body=body)

    async def list(self, kind: str, namespace: str, *, selector: str = "", fields: str = "") -> AsyncIterator[Raw]:
        """Yield every object with such labels and fields, page by page."""
        following = ""
        while True:
            query = {"labelSelector": selector, "fieldSelector": fields, "limit": str(PAGE), "continue": following}
            page = await self.request("GET", KINDS[kind].path(namespace), query=query)
            for item in page["items"]:
                yield {"apiVersion": KINDS[kind].api_version, "kind": kind, **item}
            following = page["metadata"].get("continue", "")
            if not following:
                return

    async def request(
        self,
        verb: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Raw | None = None,
        content_type: str = JSON,
    ) -> Raw:
        """Send one request and return the answer, or raise ApiError."""
        try:
            answer = await self.transport.send(Request(verb, path, query or {}, body, content_type))
        except (aiohttp.ClientError, OSError) as error:
            self._observe(verb, 0)
            raise ApiError(0, "Unreachable", f"{type(error).__name__}: {error}") from None
        self._observe(verb, answer.status)
        self.clock.hear(answer.date)
        if answer.status >= 400:
            raise ApiError.read(answer.status, answer.text, answer.retry_after)
        return _read(answer.text)


def _read(text: bytes) -> Raw:
    """Return the answer; one that was cut off is an error like any other."""
    try:
        answer: Raw = decode(text)
    except ValueError:
        raise ApiError(0, "Truncated", "the answer is not complete") from None
    return answer
