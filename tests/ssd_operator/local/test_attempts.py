"""A stage of one machine says when it waits for the machine itself."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from cluster.worker import result
from configs import plans
from ssd_jobs import contract
from ssd_operator.local.attempts import Attempt, WaitBudget
from ssd_operator.local.machine import Machine
from ssd_operator.local.processes import Finished
from ssd_operator.local.workdir import Workdir


def test_a_stage_waits_for_room_until_its_first_process_has_it(tmp_path: Path) -> None:
    """While others hold the machine it says so, once a process of it runs it does not, though its others wait."""
    machine, workdir = Machine(cores=1, gpus=()), Workdir(tmp_path, "a")
    workdir.create()
    node = next(each for each in plans.graph(plans.spec(sampling={"shards": 2})) if each.kind == "sample")
    heard: list[bool] = []
    processes: list[int] = []
    waits = asyncio.Event()

    def on_room(found: bool) -> None:
        heard.append(found)
        waits.set()

    async def run(config: Path, *, index: int, log: Path, environment: Mapping[str, str]) -> Finished:
        processes.append(index)
        await asyncio.sleep(0)
        return Finished(0, contract.dump_result(result(node.config)), "")

    async def both() -> None:
        attempt = Attempt(
            node, workdir, machine, limit=1, wait_budget=WaitBudget(0), on_wait=lambda _: None,
            on_room=on_room, run=run,
        )  # fmt: skip
        async with machine.share(processes=1, gpus=0, siblings=1):
            task = asyncio.create_task(attempt.run(lambda node, _: node.config))
            await waits.wait()
            assert (heard.count(True), processes) == (0, [])
        await task

    asyncio.run(both())
    assert sorted(processes) == [0, 1]
    assert heard == [False, False, True, True]
