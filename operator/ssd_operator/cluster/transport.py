"""How a request gets to the API server and its answer back: the seam between our verbs and the network.

`kubernetes.aio` knows how to find the server and how to prove who we are; nothing else of it is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from kubernetes.aio import client, config

from ssd_operator.errors import InvalidInput

__all__ = ["JSON", "TIMEOUT_S", "Answer", "Http", "Raw", "Request", "Transport", "context_namespace"]

Raw = dict[str, Any]
JSON = "application/json"
TIMEOUT_S = 30.0
CONNECTIONS = 100


@dataclass(frozen=True)
class Request:
    """One request to the API server."""

    verb: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Raw | None = None
    content_type: str = JSON


@dataclass(frozen=True)
class Answer:
    """What the API server answered, whatever it is."""

    status: int
    text: bytes
    retry_after: str | None = None
    date: str | None = None
    """The time at the server, as HTTP writes it."""


class Transport(Protocol):
    """A way to the API server; a server that cannot be reached is an OSError or an aiohttp.ClientError."""

    async def send(self, request: Request) -> Answer:
        """Send one request and return the answer."""

    async def close(self) -> None:
        """Close the connections."""


class Http:
    """The network."""

    def __init__(self, connections: client.ApiClient) -> None:
        self._connections = connections

    @classmethod
    async def connect(cls, kubeconfig: Path | None = None, context: str = "") -> Http:
        """Return a way to the server: by the pod's service account, or by a kubeconfig, in its current context."""
        configuration = client.Configuration()
        try:
            if kubeconfig is None:
                config.load_incluster_config(client_configuration=configuration)
            else:
                named = {"config_file": str(kubeconfig), "context": context or None}
                await config.load_kube_config(**named, client_configuration=configuration)
        except Exception as error:  # noqa: BLE001 - the library raises whatever it stumbles over
            raise InvalidInput(_unusable(kubeconfig, error)) from None
        configuration.connection_pool_maxsize = CONNECTIONS
        # Else aiohttp reads ~/.netrc and the variables of proxies again for every request.
        configuration.client_session_kwargs = {"trust_env": False}
        configuration.proxy = configuration.proxy or _proxy(configuration.host)
        return cls(client.ApiClient(configuration=configuration))

    async def close(self) -> None:
        """Close the connections."""
        await self._connections.close()

    async def send(self, request: Request) -> Answer:
        """Send one request and return the answer."""
        headers = {"Content-Type": request.content_type, "Accept": JSON}
        asked = [(name, value) for name, value in request.query.items() if value]
        _, url, headers, *_ = await self._connections.param_serialize(
            request.verb, request.path, query_params=asked, header_params=headers, auth_settings=["BearerToken"]
        )
        answer = await self._connections.rest_client.request(
            request.verb, url, headers=headers, body=request.body, _request_timeout=TIMEOUT_S
        )
        return Answer(answer.status, await answer.read(), answer.getheader("Retry-After"), answer.getheader("Date"))


def _proxy(server: str) -> str | None:
    """Return the proxy that the environment names for the server, if any."""
    parts = urlsplit(server)
    if proxy_bypass(parts.hostname or ""):
        return None
    return getproxies().get(parts.scheme)


def context_namespace(kubeconfig: Path, context: str = "") -> str:
    """Return the namespace of a kubeconfig's context, as kubectl would take it."""
    try:
        contexts, current = config.list_kube_config_contexts(config_file=str(kubeconfig))
    except Exception as error:  # noqa: BLE001 - the library raises whatever it stumbles over
        raise InvalidInput(_unusable(kubeconfig, error)) from None
    named = {each["name"]: each["context"] for each in contexts}
    return str(named.get(context or current["name"], {}).get("namespace") or "default")


def _unusable(kubeconfig: Path | None, error: Exception) -> str:
    """Say why there is no way to a cluster, and which file to look at."""
    why = " ".join(str(error).split())[:200] or type(error).__name__
    if kubeconfig is None:
        return f"KUBECONFIG: is not set, and this process is in no pod with a service account ({why})"
    return f"{kubeconfig}: is no kubeconfig with a current context that can be used ({why})"
