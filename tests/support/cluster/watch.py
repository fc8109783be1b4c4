"""A watch of the API server as a stream of objects, for whoever plays or measures; the operator watches through kopf."""

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

from ssd_operator.cluster import Api
from ssd_operator.cluster.kinds import KINDS

__all__ = ["watch"]

LARGEST_OBJECT = 2**22


async def watch(api: Api, kind: str, namespace: str, *, selector: str = "") -> AsyncIterator[dict[str, Any]]:
    """Yield every object as it is now, and again whenever it changes."""
    transport = api._transport
    asked = [("watch", "true"), *([("labelSelector", selector)] if selector else [])]
    _, url, headers, *_ = await transport.param_serialize(
        "GET", KINDS[kind].path(namespace), query_params=asked, auth_settings=["BearerToken"]
    )
    session = transport.rest_client._create_pool_manager()  # with the same credentials
    forever = aiohttp.ClientTimeout(total=None)
    async with session, session.get(url, headers=headers, timeout=forever, read_bufsize=LARGEST_OBJECT) as answer:
        async for line in answer.content:
            event = json.loads(line)
            if event["type"] in ("ADDED", "MODIFIED"):
                yield event["object"]
