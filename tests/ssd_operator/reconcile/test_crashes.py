"""Crash schedules: whatever write is the last one, a new operator that knows nothing finishes the run, and nothing
is done twice.

The state between two writes is all that a crash leaves behind, so an operator that lives for one write at a time
passes through every state that a crash at any write can leave.
"""

import asyncio
import os
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cluster.crashes import Crash, Ledger, Mortal, after_writes
from cluster.kubelet import Ends, Pod, Script
from cluster.process import OperatorProcess, nodes_at_work
from cluster.world import PAUSE_S, Operator, World, phase, stage
from controlplane.plane import ControlPlane
from ssd_operator.cluster import Api
from ssd_operator.cluster.transport import Raw

pytestmark = pytest.mark.endurance

SCHEDULES = int(os.environ.get("SSD_CRASH_SCHEDULES", "200"))
"""How many random schedules to run."""
AT_ONCE = 8
LEAST_WRITES = 45
"""Of a run with nine stages: an intent, a Job, a config, a uid and an end for each."""

Dies = Callable[[], Callable[[str], bool]]


async def finish(world: World, ledger: Ledger, dies: Dies, *, seconds: float = 600) -> Raw:
    """Carry a run to its end with operators that die, and return the resource."""
    deadline = time.monotonic() + seconds
    while phase(raw := await world.get()) not in ("Succeeded", "Failed"):
        assert time.monotonic() < deadline, raw["status"]
        try:
            await world.operator.settle()
        except Crash:
            world.operator_api = Api(Mortal(world.api.transport, ledger, dies()))
            world.new_operator()
        await world.kubelet.step()
        await asyncio.sleep(PAUSE_S)
    return raw


def judge(world: World, raw: Raw, ledger: Ledger, explained: dict[str, int]) -> None:
    """Every attempt has its reason, every Job was made once, and no shard was worked on twice."""
    assert phase(raw) == "Succeeded", raw
    for name in (each["name"] for each in raw["status"]["stages"]):
        found = stage(raw, name)
        assert found["attempt"] == 1 + explained.get(name, 0), found
        assert ledger.jobs[found["key"]] == found["attempt"], found
    assert world.kubelet.workspace.twice() == []


@pytest.mark.parametrize("seen_within_s", [0.0, 1.0])
@pytest.mark.parametrize("writes", [1, 2, 3, 5])
async def test_lives_of_a_few_writes(world: World, writes: int, seen_within_s: float) -> None:
    """An operator that dies after every write, or every few, gets there all the same."""
    ledger = Ledger()
    world.seen_within_s = seen_within_s
    world.operator_api = Api(Mortal(world.api.transport, ledger, after_writes(writes)))
    world.new_operator()
    await world.apply(training={"nodes": 2})
    raw = await finish(world, ledger, lambda: after_writes(writes))
    judge(world, raw, ledger, {})


async def crash_once(api: Api, namespace: str, writes: int) -> bool:
    """One run whose first operator dies after so many writes; tell whether it made so many."""
    world, ledger = World(api, namespace), Ledger()
    await world.make_claim()
    world.operator_api = Api(Mortal(api.transport, ledger, after_writes(writes)))
    first = world.new_operator()
    await world.apply(training={"nodes": 2})
    raw = await finish(world, ledger, lambda: lambda _when: False)
    judge(world, raw, ledger, {})
    return world.operator is not first


async def test_every_write_of_a_run(api: Api, make_namespace: Callable[[], str]) -> None:
    """For every n: an operator that remembers all its deeds dies after its n-th write, and the next one finishes.

    To die before a write leaves what dying after the one before leaves.
    """
    writes = 0
    while True:
        batch = range(writes + 1, writes + 1 + AT_ONCE)
        runs = [crash_once(api, make_namespace(), number) for number in batch]
        died = await asyncio.gather(*runs)
        if not all(died):
            break
        writes = batch[-1]
    assert writes >= LEAST_WRITES


def unlucky(dice: random.Random, explained: dict[str, int]) -> Script:
    """Let pods end in any way that the retry table forgives, and note what costs another attempt."""
    spoiled: dict[str, int] = {}

    def script(pod: Pod) -> object:
        if not pod.running or spoiled.get(pod.stage, 0) >= 2 or dice.random() > 0.25:
            return Ends()
        spoiled[pod.stage] = spoiled.get(pod.stage, 0) + 1
        if pod.stage != "train":
            return dice.choice([Ends(code=1), Ends(code=137, reason="OOMKilled"), Ends(code=143, disrupted=True)])
        explained["train"] = explained.get("train", 0) + 1
        return dice.choice([Ends(code=1), Ends(code=143, disrupted=True)])

    return script


async def schedule(api: Api, namespace: str, seed: int) -> None:
    """One run with random crashes and random pod ends."""
    dice = random.Random(seed)
    world, ledger = World(api, namespace), Ledger()
    explained: dict[str, int] = {}
    await world.make_claim()
    world.play(unlucky(dice, explained))
    chance = dice.choice([0.05, 0.15, 0.3])

    def dies() -> Callable[[str], bool]:
        return lambda _when: dice.random() < chance

    world.operator_api = Api(Mortal(api.transport, ledger, dies()))
    world.new_operator()
    await world.apply()
    raw = await finish(world, ledger, dies)
    judge(world, raw, ledger, explained)


async def test_random_schedules(api: Api, make_namespace: Callable[[], str]) -> None:
    """Seeded schedules of crashes before and after writes, with pods that fail in between."""
    turns = asyncio.Semaphore(AT_ONCE)
    names = [make_namespace() for _ in range(SCHEDULES)]

    async def turn(seed: int) -> None:
        async with turns:
            await schedule(api, names[seed], seed)

    async with asyncio.TaskGroup() as group:
        for seed in range(SCHEDULES):
            group.create_task(turn(seed))


async def test_two_operators_without_a_lease(world: World) -> None:
    """Two that know nothing of each other act at the same time: same end, nothing twice."""
    ledger = Ledger()
    lives = [Operator(Api(Mortal(world.api.transport, ledger)), world.namespace, clock=world.clock) for _ in range(2)]
    await world.apply(training={"nodes": 2})
    deadline = time.monotonic() + 400
    while phase(raw := await world.get()) != "Succeeded":
        assert time.monotonic() < deadline, raw["status"]
        await asyncio.gather(*(life.settle() for life in lives))
        await world.kubelet.step()
    judge(world, raw, ledger, {})


async def test_kill_nine(job_controller: ControlPlane, world: World, tmp_path: Path) -> None:
    """A real process is killed ten times on the way; the eleventh finds its way to the end."""
    settings = {"namespaces": world.namespace, "leader_election": "false"}
    dice = random.Random(7)
    operator = OperatorProcess(job_controller.kubeconfig, tmp_path / "log", **settings)
    try:
        await world.apply()
        async with nodes_at_work(world.kubelet):
            for _ in range(10):
                await asyncio.sleep(1 + 2 * dice.random())
                operator.kill()
                operator.start()
            deadline = time.monotonic() + 400
            while phase(raw := await world.get()) != "Succeeded":
                assert time.monotonic() < deadline, (raw["status"], operator.log.read_text()[-2000:])
                await asyncio.sleep(0.2)
    finally:
        operator.kill()
    assert {each["attempt"] for each in raw["status"]["stages"]} == {1}
    assert len(await world.jobs()) == len(raw["status"]["stages"])
    assert world.kubelet.workspace.twice() == []
