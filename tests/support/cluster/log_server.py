"""The part of a kubelet from which the API server gets the logs of pods: one line per pod, its own name."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from controlplane.plane import ControlPlane
from ssd_operator.cluster import Api

__all__ = ["NODE", "serving_logs"]

NODE = "log-server"


@asynccontextmanager
async def serving_logs(plane: ControlPlane, api: Api, folder: Path) -> AsyncIterator[None]:
    """Be the kubelet of a node as long as this lasts; pods that are bound to it have logs."""

    async def log(request: web.Request) -> web.Response:
        words = (f"{name}={request.query[name]}" for name in sorted(request.query))
        return web.Response(text=f"{request.match_info['pod']} was asked for {' '.join(words)}\n")

    certificate, key = plane.authority.server(names=(NODE,), addresses=("127.0.0.1",)).write(folder, NODE)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    application = web.Application()
    application.add_routes([web.get("/containerLogs/{namespace}/{pod}/worker", log)])
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    port = runner.addresses[0][1]
    addresses = [{"type": "InternalIP", "address": "127.0.0.1"}]
    status = {"addresses": addresses, "daemonEndpoints": {"kubeletEndpoint": {"Port": port}}}
    await api.request("POST", "/api/v1/nodes", body={"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE}})
    merge = "application/merge-patch+json"
    await api.request("PATCH", f"/api/v1/nodes/{NODE}/status", body={"status": status}, content_type=merge)
    try:
        yield
    finally:
        await api.request("DELETE", f"/api/v1/nodes/{NODE}")
        await runner.cleanup()
