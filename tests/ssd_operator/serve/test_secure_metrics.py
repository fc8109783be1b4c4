"""Metrics over TLS on the real API server's word: who may get /metrics reads them, and nobody else."""

import asyncio
import os
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from yarl import URL

from controlplane.plane import ControlPlane
from processes import ports
from ssd_operator.cluster import Api, may_get
from ssd_operator.errors import InvalidInput
from ssd_operator.serve.metrics import Metrics
from ssd_operator.serve.secure_metrics import Reviewer, serve

ACCOUNT = {"apiVersion": "v1", "kind": "ServiceAccount"}


@pytest.fixture
def folder(job_controller: ControlPlane, tmp_path: Path) -> Path:
    """A folder with a certificate, as a Secret is mounted."""
    job_controller.authority.server(names=["localhost"], addresses=["127.0.0.1"]).write(tmp_path, "tls")
    return tmp_path


@pytest.fixture
async def page(job_controller: ControlPlane, api: Api, folder: Path) -> AsyncIterator[str]:
    """The address of the metrics."""
    port = ports.free_port()
    runner = await serve(Metrics(), Reviewer(lambda token: may_get(api, token, "/metrics")), folder, port)
    yield f"https://localhost:{port}/metrics"
    await runner.cleanup()


async def answer(plane: ControlPlane, url: str, token: str | None) -> int:
    """Return how a reader is answered."""
    trust = ssl.create_default_context(cadata=plane.authority.certificate.decode())
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession() as session, session.get(url, ssl=trust, headers=headers) as reply:
        return reply.status


async def test_only_who_may_get_metrics_reads_them(job_controller: ControlPlane, namespace: str, page: str) -> None:
    """A token with the right reads; without it 403; no token or none of this cluster 401 and 403."""
    kubectl = job_controller.kubectl.within(namespace)
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": f"reader-{namespace}"},
        "rules": [{"nonResourceURLs": ["/metrics"], "verbs": ["get"]}],
    }
    names = ("prometheus", "somebody")
    kubectl("create", manifest=[role, *({**ACCOUNT, "metadata": {"name": name}} for name in names)])
    kubectl("create", "clusterrolebinding", f"reader-{namespace}", f"--clusterrole=reader-{namespace}",
            f"--serviceaccount={namespace}:prometheus")  # fmt: skip
    tokens = {name: kubectl("create", "token", name).strip() for name in names}
    assert await answer(job_controller, page, tokens["prometheus"]) == 200
    assert await answer(job_controller, page, tokens["somebody"]) == 403
    assert await answer(job_controller, page, "forged") == 403
    assert await answer(job_controller, page, None) == 401


async def test_a_renewed_certificate_is_served(job_controller: ControlPlane, folder: Path, page: str) -> None:
    """What a renewal puts into the folder is used from the next connection on, without a restart."""
    assert await answer(job_controller, page, None) == 401
    before = await serial(job_controller, page)
    job_controller.authority.server(names=["localhost"], addresses=["127.0.0.1"]).write(folder, "tls")
    later = (folder / "tls.crt").stat().st_mtime + 10
    os.utime(folder / "tls.crt", (later, later))
    assert await answer(job_controller, page, None) == 401
    assert await serial(job_controller, page) != before


async def serial(plane: ControlPlane, url: str) -> str:
    """Return the number of the certificate that a new connection gets."""
    trust = ssl.create_default_context(cadata=plane.authority.certificate.decode())
    port = URL(url).port
    _, writer = await asyncio.open_connection("localhost", port, ssl=trust)
    number = str(writer.get_extra_info("peercert")["serialNumber"])
    writer.close()
    return number


async def test_a_folder_without_a_certificate_is_one_sentence(tmp_path: Path) -> None:
    """The process does not begin with metrics that nobody can read."""

    async def nobody(_token: str) -> bool:
        return False

    with pytest.raises(InvalidInput, match=r"SSD_METRICS_TLS: .* has no certificate to serve with"):
        await serve(Metrics(), Reviewer(nobody), tmp_path, ports.free_port())
