"""What the API server can do to an operator: refuse, cut off, fall silent, go away. The run ends well all the same."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from cluster.process import OperatorProcess, nodes_at_work
from cluster.proxy import GONE, OUTAGE, SILENCE, Cut, Fault, Late, Proxy, Status
from cluster.world import World, phase
from controlplane import definitions
from controlplane.plane import ControlPlane
from ssd_operator.cluster import connect

pytestmark = pytest.mark.endurance

CRDS = Path(__file__).parents[3] / "crds"
WRITES = ("POST", "PUT", "PATCH", "DELETE")
MOST_STARTS = 20
"""kopf gives up on a listing that was cut off, and the kubelet starts the process again."""
MOST_REQUESTS = 600
"""Of a run with nine stages: about 150 requests without faults."""
MOST_WHILE_REFUSED = 60
"""In ten seconds, with a back-off that doubles."""
NEVER = "86400"
OFTEN = "3"
"""Seconds between two resyncs: only where watches say nothing may a resync be what saves the run."""


@pytest.fixture
async def proxy(job_controller: ControlPlane, tmp_path: Path) -> AsyncIterator[Proxy]:
    async with Proxy(job_controller, tmp_path) as running:
        yield running


@pytest.fixture
def own_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """Return a control plane of the test's own, whose servers it may kill."""
    with ControlPlane(tmp_path_factory.mktemp("own")) as plane:
        definitions.install(plane.kubectl, sorted(CRDS.glob("*.yaml")))
        plane.start_controllers()
        yield plane


def is_watch(request: web.Request) -> bool:
    return "watch=true" in request.query_string


def sometimes(fault: object, *, chance: float, verbs: tuple[str, ...] = WRITES) -> Fault:
    dice = random.Random(3)
    return lambda request: (
        fault if request.method in verbs and not is_watch(request) and dice.random() < chance else None
    )


def once_per_watch(fault: object) -> Fault:
    seen: dict[str, int] = {}

    def judge(request: web.Request) -> object:
        if not is_watch(request):
            return None
        seen[request.path] = seen.get(request.path, 0) + 1
        return fault if seen[request.path] % 2 else None

    return judge


FAULTS = [
    pytest.param(sometimes(Status(500, "InternalError"), chance=0.2), NEVER, id="500"),
    pytest.param(sometimes(Status(409, "Conflict"), chance=0.2), NEVER, id="409"),
    pytest.param(sometimes(Cut(after=20), chance=0.2, verbs=(*WRITES, "GET")), NEVER, id="cut answers"),
    pytest.param(sometimes(Cut(after=20, politely=True), chance=0.2), NEVER, id="short answers"),
    pytest.param(once_per_watch(GONE), NEVER, id="410"),
    pytest.param(once_per_watch(Cut(after=3000)), NEVER, id="cut watches"),
    pytest.param(lambda _request: Late(0.5), NEVER, id="500 ms late"),
    pytest.param(lambda request: SILENCE if is_watch(request) else None, OFTEN, id="silent watches"),
]


async def finish(world: World, operator: OperatorProcess, *, seconds: float = 600) -> None:
    """Wait for the end; a process that gave up is started again, as the kubelet does, but not often."""
    deadline, starts = time.monotonic() + seconds, 0
    while phase(raw := await world.get()) != "Succeeded":
        if operator.process.poll() is not None:
            starts += 1
            assert starts <= MOST_STARTS, operator.log.read_text()[-3000:]
            operator.start()
        assert time.monotonic() < deadline, (raw, operator.log.read_text()[-3000:])
        await asyncio.sleep(0.2)
    assert {each["attempt"] for each in raw["status"]["stages"]} == {1}
    assert world.kubelet.workspace.twice() == []
    assert "a bug, tried again" not in operator.log.read_text()


@pytest.mark.parametrize(("fault", "resync_s"), FAULTS)
async def test_a_fault_costs_time_and_nothing_else(
    world: World, proxy: Proxy, tmp_path: Path, fault: Fault, resync_s: str
) -> None:
    """The run ends well, every stage has one attempt, and the number of requests stays bounded."""
    settings = {"namespaces": world.namespace, "leader_election": "false", "resync_s": resync_s}
    operator = OperatorProcess(proxy.kubeconfig, tmp_path / "log", **settings)
    try:
        await ready(operator)
        proxy.fault = fault
        await world.apply()
        async with nodes_at_work(world.kubelet):
            await finish(world, operator)
        assert proxy.requests.total() < MOST_REQUESTS, proxy.requests
    finally:
        operator.kill()


class Busy:
    """A server with too much to do: it refuses some writes, says for how long, and notes who does not wait."""

    def __init__(self, *, retry_after: int) -> None:
        self._dice = random.Random(5)
        self._answer = Status(429, "TooManyRequests", retry_after=retry_after)
        self._until: dict[str, float] = {}
        self.refused = 0
        self.impatient: list[str] = []

    def __call__(self, request: web.Request) -> object:
        """Judge a request; events are not repeated, so another one may follow at once."""
        place, now = f"{request.method} {request.path}", time.monotonic()
        if request.method not in WRITES or request.path.endswith("/events"):
            return None
        if now < self._until.pop(place, 0.0):
            self.impatient.append(place)
        if self._dice.random() > 0.2:
            return None
        self.refused += 1
        self._until[place] = now + self._answer.retry_after
        return self._answer


async def test_a_busy_server_is_given_its_time(world: World, proxy: Proxy, tmp_path: Path) -> None:
    """After a 429 nothing is asked for again before the seconds of its Retry-After are over."""
    busy = Busy(retry_after=2)
    operator = OperatorProcess(
        proxy.kubeconfig, tmp_path / "log", namespaces=world.namespace, leader_election="false", resync_s=NEVER
    )
    try:
        await ready(operator)
        proxy.fault = busy
        await world.apply()
        async with nodes_at_work(world.kubelet):
            await finish(world, operator)
        assert busy.refused > 0
        assert busy.impatient == []
        assert proxy.requests.total() < MOST_REQUESTS, proxy.requests
    finally:
        operator.kill()


@pytest.mark.parametrize("code", [409, 500])
async def test_a_refusal_that_stays_is_not_hammered(world: World, proxy: Proxy, tmp_path: Path, code: int) -> None:
    """When no status can be written, whatever the reason, the operator asks later and later; then it goes on."""
    operator = OperatorProcess(
        proxy.kubeconfig, tmp_path / "log", namespaces=world.namespace, leader_election="false", resync_s=NEVER
    )
    try:
        await ready(operator)
        proxy.fault = lambda request: Status(code, "Conflict") if request.method == "PUT" else None
        await world.apply()
        await refused(proxy)
        before = proxy.requests.total()
        await asyncio.sleep(10)
        assert proxy.requests.total() - before < MOST_WHILE_REFUSED
        proxy.fault = lambda _request: None
        async with nodes_at_work(world.kubelet):
            await finish(world, operator)
    finally:
        operator.kill()


@pytest.mark.parametrize("name", ["etcd", "kube-apiserver"])
async def test_a_server_that_dies_on_the_way(own_plane: ControlPlane, tmp_path: Path, name: str) -> None:
    """It is killed and started again three times in the middle of a run: nothing is lost, and nothing is made twice."""
    api = await connect(own_plane.kubeconfig)
    world = World(api, "default")
    await world.make_claim()
    settings = {"namespaces": world.namespace, "leader_election": "false", "resync_s": OFTEN}
    operator = OperatorProcess(own_plane.kubeconfig, tmp_path / "log", **settings)
    try:
        await ready(operator)
        await world.apply()
        async with nodes_at_work(world.kubelet):
            for kind in ("prepare", "sample", "train"):
                await world_has(world, kind)
                own_plane.crash(name)
                await asyncio.sleep(3)
                await asyncio.to_thread(own_plane.restart, name)
            await finish(world, operator)
        jobs, stages = await world.jobs(), (await world.get())["status"]["stages"]
        assert len(jobs) == len(stages)
    finally:
        operator.kill()
        await api.close()


async def test_an_outage(world: World, proxy: Proxy, tmp_path: Path) -> None:
    """While the server is away nothing is hammered; when it is back the run goes on."""
    settings = {"namespaces": world.namespace, "leader_election": "false", "resync_s": "5"}
    operator = OperatorProcess(proxy.kubeconfig, tmp_path / "log", **settings)
    try:
        await ready(operator)
        await world.apply()
        async with nodes_at_work(world.kubelet):
            await begun(world)
            proxy.fault = lambda _request: OUTAGE
            before = proxy.requests.total()
            await asyncio.sleep(30)
            assert proxy.requests.total() - before < 600
            proxy.fault = lambda _request: None
            await finish(world, operator)
    finally:
        operator.kill()


async def test_silent_watches_are_noticed(world: World, proxy: Proxy, tmp_path: Path) -> None:
    """When resyncs find again and again what the watches did not tell, the process says that it is not well."""
    proxy.fault = lambda request: SILENCE if is_watch(request) else None
    settings = {"namespaces": world.namespace, "leader_election": "false", "resync_s": "1"}
    operator = OperatorProcess(proxy.kubeconfig, tmp_path / "log", **settings)
    try:
        await ready(operator)
        await world.apply()
        async with nodes_at_work(world.kubelet), aiohttp.ClientSession() as session:
            deadline = time.monotonic() + 400
            while True:
                async with session.get(f"http://127.0.0.1:{operator.port}/healthz") as answer:
                    if answer.status == 503:
                        break
                assert time.monotonic() < deadline
                await world.edit(pod={"labels": {"edited": str(time.monotonic_ns())}})
                await asyncio.sleep(1)
    finally:
        operator.kill()


async def world_has(world: World, kind: str) -> None:
    """Return when there is a Job of a stage of this kind."""
    deadline = time.monotonic() + 200
    while not [name for name in await world.jobs() if name.startswith(f"ssd-{kind}-")]:
        assert time.monotonic() < deadline, await world.jobs()
        await asyncio.sleep(0.1)


async def refused(proxy: Proxy) -> None:
    """Return when the operator has tried to write a status."""
    deadline = time.monotonic() + 200
    while True:
        if proxy.requests["PUT"]:
            return
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)


async def begun(world: World) -> None:
    """Return when the operator has written a status."""
    deadline = time.monotonic() + 200
    while True:
        if (await world.get()).get("status"):
            return
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)


async def ready(operator: OperatorProcess) -> None:
    """Wait until the process serves and has begun to watch."""
    deadline = time.monotonic() + 200
    async with aiohttp.ClientSession() as session:
        while time.monotonic() < deadline:
            try:
                async with session.get(f"http://127.0.0.1:{operator.port}/metrics") as answer:
                    if "ssd_workqueue_depth" in await answer.text():
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.1)
    raise AssertionError(operator.log.read_text())
