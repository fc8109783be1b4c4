"""A watch of the API server as a stream of objects, for whoever plays or measures; the operator watches through kopf."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from kubernetes.aio import client, config

from ssd_operator.cluster.paths import KINDS

__all__ = ["watch"]

FOREVER_S = 10**6


async def watch(kubeconfig: Path, kind: str, namespace: str, *, selector: str = "") -> AsyncIterator[dict[str, Any]]:
    """Yield every object as it is now, and again whenever it changes; the connection is its own."""
    found = client.Configuration()
    await config.load_kube_config(config_file=str(kubeconfig), client_configuration=found)
    asked = [("watch", "true"), *([("labelSelector", selector)] if selector else [])]
    async with client.ApiClient(configuration=found) as connections:
        _, url, headers, *_ = await connections.param_serialize(
            "GET", KINDS[kind].path(namespace), query_params=asked, auth_settings=["BearerToken"]
        )
        answer = await connections.rest_client.request("GET", url, headers=headers, _request_timeout=FOREVER_S)
        async for line in _lines(answer.response.content.iter_any()):
            event = json.loads(line)
            if event["type"] in ("ADDED", "MODIFIED"):
                yield event["object"]


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield whole lines, however long they are."""
    rest = b""
    async for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line
