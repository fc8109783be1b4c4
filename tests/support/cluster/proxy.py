"""A proxy between the operator and the API server, in which a test breaks things.

It speaks plain HTTP on one side and is the administrator on the other. `fault` is asked about every request; what it
returns happens instead of, or to, the answer.
"""

import asyncio
import base64
import ssl
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import yaml
from aiohttp import web

from controlplane.plane import ControlPlane

HOP = frozenset({"host", "connection", "transfer-encoding", "content-length", "content-encoding", "accept-encoding"})


@dataclass(frozen=True)
class Status:
    """Answer with this status instead of asking the server."""

    code: int
    reason: str
    retry_after: int = 0


@dataclass(frozen=True)
class Cut:
    """Cut the answer off after so many bytes: by closing the connection, or as if that were all."""

    after: int
    politely: bool = False


@dataclass(frozen=True)
class Late:
    """Answer as the server does, but so many seconds later."""

    seconds: float


GONE = (
    b'{"type":"ERROR","object":{"kind":"Status","status":"Failure","reason":"Expired","code":410,"message":"gone"}}\n'
)
"""Tell a watch that what it wants to go on from is too old, as the server does."""
SILENCE = object()
"""Say nothing more after the headers."""
OUTAGE = object()
"""Close the connection."""
Fault = Callable[[web.Request], object]


class Proxy:
    """One proxy with faults."""

    def __init__(self, plane: ControlPlane, folder: Path) -> None:
        self._plane = plane
        self._folder = folder
        self.fault: Fault = lambda _request: None
        self.requests: Counter[str] = Counter()

    async def __aenter__(self) -> "Proxy":
        """Start it."""
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=self._trust(), limit=0))
        application = web.Application(client_max_size=2**26)
        application.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.address = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop it."""
        await self._runner.cleanup()
        await self._session.close()

    @property
    def kubeconfig(self) -> Path:
        """How to go through the proxy."""
        path = self._folder / "proxy.kubeconfig"
        cluster = {"name": "proxy", "cluster": {"server": self.address}}
        context = {"name": "proxy", "context": {"cluster": "proxy", "user": "none"}}
        user = {"name": "none", "user": {}}
        document = {"apiVersion": "v1", "kind": "Config", "current-context": "proxy"}
        path.write_text(yaml.safe_dump({**document, "clusters": [cluster], "contexts": [context], "users": [user]}))
        return path

    def _trust(self) -> ssl.SSLContext:
        """Return the administrator's credentials."""
        document = yaml.safe_load(self._plane.kubeconfig.read_text())
        context = ssl.create_default_context(cadata=self._plane.authority.certificate.decode())
        user = document["users"][0]["user"]
        for field in ("client-certificate", "client-key"):
            (self._folder / field).write_bytes(base64.b64decode(user[f"{field}-data"]))
        context.load_cert_chain(self._folder / "client-certificate", self._folder / "client-key")
        return context

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        """Pass a request on, or let it fail."""
        watch = "watch=true" in request.query_string
        self.requests["watch" if watch else request.method] += 1
        fault = self.fault(request)
        if fault is OUTAGE:
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        if isinstance(fault, Status):
            return _status(fault)
        if fault is GONE:
            return web.Response(body=GONE, content_type="application/json")
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP}
        if isinstance(fault, Late):
            await asyncio.sleep(fault.seconds)
        url = f"{self._plane.server}{request.rel_url}"
        body = await request.read()
        async with self._session.request(
            request.method, url, headers=headers, data=body or None, timeout=None
        ) as answer:
            return await _relay(request, answer, fault)


async def _relay(request: web.Request, answer: aiohttp.ClientResponse, fault: object) -> web.StreamResponse:
    """Stream the answer, as far as the fault lets it."""
    headers = {name: value for name, value in answer.headers.items() if name.lower() not in HOP}
    response = web.StreamResponse(status=answer.status, headers=headers)
    await response.prepare(request)
    if fault is SILENCE:
        await asyncio.sleep(3600)
    left = fault.after if isinstance(fault, Cut) else None
    async for chunk in answer.content.iter_any():
        if left is not None and len(chunk) >= left:
            await response.write(chunk[:left])
            if not (isinstance(fault, Cut) and fault.politely):
                assert request.transport is not None
                request.transport.close()
            return response
        left = None if left is None else left - len(chunk)
        await response.write(chunk)
    await response.write_eof()
    return response


def _status(fault: Status) -> web.Response:
    headers = {"Retry-After": str(fault.retry_after)} if fault.retry_after else {}
    body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": fault.reason, "code": fault.code}
    return web.json_response({**body, "message": "as the test wants it"}, status=fault.code, headers=headers)
