"""Laws of the connection: the environment is read once, and nobody's login but our own is sent."""

import json
from pathlib import Path

import pytest
from aiohttp import test_utils, web

from ssd_operator.cluster import connect


def kubeconfig(folder: Path, server: str) -> Path:
    """Write a kubeconfig with a token."""
    file = folder / "config"
    contexts = [{"name": "c", "context": {"cluster": "a", "user": "u", "namespace": "lab"}}]
    clusters, users = [{"name": "a", "cluster": {"server": server}}], [{"name": "u", "user": {"token": "ours"}}]
    named = {"apiVersion": "v1", "kind": "Config", "current-context": "c"}
    file.write_text(json.dumps({**named, "contexts": contexts, "clusters": clusters, "users": users}))
    return file


class Listener:
    """A server, or a proxy, that notes what it is sent."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._answer)
        self.server = test_utils.TestServer(application)

    async def _answer(self, request: web.Request) -> web.Response:
        self.heard.append((request.headers["Host"], request.headers.get("Authorization", "")))
        return web.json_response({"kind": "Job"})


async def ask(config: Path) -> None:
    """Send one request."""
    api = await connect(config)
    try:
        await api.get("Job", "lab", "j")
    finally:
        await api.close()


async def test_a_login_in_netrc_is_not_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What somebody keeps for the same host is for other programs; the token of the kubeconfig is ours."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    listener = Listener()
    async with listener.server as server:
        await ask(kubeconfig(tmp_path, f"http://127.0.0.1:{server.port}"))
    assert [login for _, login in listener.heard] == ["Bearer ours"]


@pytest.mark.parametrize("excepted", [True, False])
async def test_the_environments_proxy_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, excepted: bool) -> None:
    """Requests go through the proxy of the environment, unless it excepts the server."""
    for name in ("http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    proxy, target = Listener(), Listener()
    async with proxy.server as between, target.server as server:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{between.port}")
        if excepted:
            monkeypatch.setenv("no_proxy", "localhost,127.0.0.1")
        await ask(kubeconfig(tmp_path, f"http://127.0.0.1:{server.port}"))
        through, straight = len(proxy.heard), len(target.heard)
    assert (through, straight) == ((0, 1) if excepted else (1, 0))
