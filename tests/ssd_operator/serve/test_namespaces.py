"""A namespace that is gone or refuses is left out and asked again; everyone else's runs go on."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from cluster.charts import grants
from cluster.process import OperatorProcess, nodes_at_work
from cluster.proxy import Proxy, Status
from cluster.world import CLAIM, World, in_phase, phase
from controlplane.plane import ControlPlane
from ssd_operator import naming
from ssd_operator.cluster import Api


@pytest.fixture
async def other(api: Api, make_namespace: Callable[..., str]) -> World:
    """A second namespace with a claim in it."""
    made = World(api, make_namespace())
    await made.make_claim()
    return made


def both(world: World, other: World) -> str:
    return f"{world.namespace},{other.namespace}"


def granted(plane: ControlPlane, world: World, other: World) -> Path:
    """Let an account of the first namespace work in both, as the chart does."""
    account = grants(plane, world.namespace, "--set", f"watchNamespaces={{{both(world, other)}}}")
    return plane.kubeconfig_for_service_account(world.namespace, account)


async def page(operator: OperatorProcess, name: str) -> tuple[int, str]:
    """Return what the operator serves, nothing while it does not serve yet."""
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{operator.port}/{name}") as answer,
        ):
            return answer.status, await answer.text()
    except aiohttp.ClientError:
        return 0, ""


async def unwatched(operator: OperatorProcess, count: int, *, seconds: float = 120) -> None:
    """Return when so many namespaces are not watched."""
    deadline = time.monotonic() + seconds
    while f"ssd_namespaces_unwatched {count}.0" not in (await page(operator, "metrics"))[1]:
        assert operator.process.poll() is None, operator.log.read_text()[-3000:]
        assert time.monotonic() < deadline, operator.log.read_text()[-3000:]
        await asyncio.sleep(0.2)


async def eventually(wanted: Callable[[], bool], *, seconds: float = 120) -> None:
    """Return when it is so."""
    deadline = time.monotonic() + seconds
    while not wanted():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)


async def reached(operator: OperatorProcess, world: World, wanted: str, *, seconds: float = 120) -> None:
    """Return when the resource of a namespace is in a phase, and the operator has not ended meanwhile."""
    deadline = time.monotonic() + seconds
    while not in_phase(wanted)(raw := await world.get()):
        assert operator.process.poll() is None, operator.log.read_text()[-3000:]
        assert time.monotonic() < deadline, (raw, operator.log.read_text()[-3000:])
        await asyncio.sleep(0.1)


async def test_a_namespace_that_is_deleted_stops_nobody(
    job_controller: ControlPlane, world: World, other: World, tmp_path: Path
) -> None:
    """The run of another namespace goes on, also after a restart; made again, the namespace is watched again."""
    config = granted(job_controller, world, other)
    settings = {"namespaces": both(world, other), "leader_election": "false", "resync_s": "1"}
    operator = OperatorProcess(config, tmp_path / "log", **settings)
    try:
        await world.apply()
        await other.apply()
        async with nodes_at_work(world.kubelet):
            await reached(operator, other, "Pending")
            await deleted(job_controller, other)
            await unwatched(operator, 1)
            assert operator.stop() == 0
            operator.start()
            await unwatched(operator, 1)
            await reached(operator, world, "Succeeded")
        await again(job_controller, world, other)
        await unwatched(operator, 0)
        async with nodes_at_work(other.kubelet):
            await reached(operator, other, "Running")
        assert (await page(operator, "healthz"))[0] == 200
        assert operator.stop() == 0
    finally:
        operator.kill()
    log = operator.log.read_text()
    assert log.count(f"namespace {other.namespace} is not watched: 403 Forbidden") == 2
    assert log.count(f"namespace {other.namespace} is watched again") == 1
    assert "Traceback" not in log
    assert world.kubelet.workspace.twice() == []


async def deleted(plane: ControlPlane, other: World) -> None:
    """Delete a namespace, and return when it is gone; nobody here would let go of its claim and of a pod at work."""
    plane.kubectl("delete", "namespace", other.namespace, "--wait=false")
    kept = [("PersistentVolumeClaim", CLAIM), *(("Pod", pod) for pod in await other.pods_at_work())]
    for kind, name in kept:
        await other.api.patch(kind, other.namespace, name, {"metadata": {"finalizers": None}})
    gone = ("wait", "namespace", other.namespace, "--for=delete", "--timeout=100s")
    await asyncio.to_thread(plane.kubectl, *gone)


async def again(plane: ControlPlane, world: World, other: World) -> None:
    """Make a namespace that was deleted once more, with its rights, its claim and a resource."""
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": other.namespace}}
    metadata = {"name": "default", "namespace": other.namespace}
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}
    plane.kubectl("apply", "--server-side", manifest=[namespace, account])
    granted(plane, world, other)
    await other.make_claim()
    await other.apply()


@pytest.fixture
async def proxy(job_controller: ControlPlane, tmp_path: Path) -> AsyncIterator[Proxy]:
    async with Proxy(job_controller, tmp_path) as running:
        yield running


class Guarded:
    """A server that refuses a namespace from the first watch on, as long as it is told to."""

    def __init__(self, namespace: str, code: int) -> None:
        self._namespace = namespace
        self._answer = Status(code, "NotToday")
        self._begun = False
        self.refusing = True
        self.watched: set[str] = set()
        """Kinds of objects that are watched in the namespace."""

    def __call__(self, request: web.Request) -> object:
        """Judge a request."""
        watch = "watch=true" in request.query_string
        self._begun |= watch
        if f"/namespaces/{self._namespace}/" not in request.path:
            return None
        if self.refusing and self._begun:
            return self._answer
        if watch:
            self.watched.add(request.path.rpartition("/")[2])
        return None


@pytest.mark.parametrize("code", [403, 404])
async def test_a_watch_that_is_refused_stops_nobody(
    world: World, other: World, proxy: Proxy, tmp_path: Path, code: int
) -> None:
    """Who could be listed and cannot be watched is not watched, until it can: the process and the others go on."""
    proxy.fault = server = Guarded(other.namespace, code)
    settings = {"namespaces": both(world, other), "leader_election": "false", "resync_s": "1"}
    operator = OperatorProcess(proxy.kubeconfig, tmp_path / "log", **settings)
    try:
        await unwatched(operator, 1)
        assert f"namespace {other.namespace} is not watched: {code} NotToday" in operator.log.read_text()
        await world.apply()
        await other.apply()
        async with nodes_at_work(world.kubelet):
            await reached(operator, world, "Running")
        assert phase(await other.get()) == ""
        server.refusing = False
        await reached(operator, other, "Pending")
        await unwatched(operator, 0)
        await eventually(lambda: server.watched == {naming.PLURAL, naming.SWEEP_PLURAL, "jobs", "pods"})
        assert operator.stop() == 0
    finally:
        operator.kill()
    assert operator.log.read_text().count("is not watched") == 1
