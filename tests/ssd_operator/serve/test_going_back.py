"""N-1 -> N -> N-1 with a run in flight: each version carries on what the other one left, and nothing is done twice."""

import asyncio
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cluster.kubelet import Ends, runs_on
from cluster.process import OperatorProcess, nodes_at_work
from cluster.world import World, in_phase, stage_in
from controlplane.plane import ControlPlane

pytestmark = pytest.mark.endurance

ROOT = Path(__file__).parents[3]
PAST = "8e4df9f4f2f6"
"""The version before: the commit of the newest tag, once there is one."""


def past(folder: Path) -> Path:
    """Return a folder with the programs of the past version."""
    archive = subprocess.run(
        ["git", "archive", PAST, "operator/ssd_operator", "ssd_jobs"], cwd=ROOT, capture_output=True, check=True
    )
    subprocess.run(["tar", "--extract", "--directory", str(folder)], input=archive.stdout, check=True)
    return folder


async def reached(world: World, wanted: Callable[[dict[str, Any]], bool]) -> None:
    """Wait until the run is as wanted."""
    deadline = time.monotonic() + 400
    while not wanted(await world.get()):
        assert time.monotonic() < deadline, await world.get()
        await asyncio.sleep(0.1)


async def test_a_run_goes_on_under_the_next_version_and_back(
    job_controller: ControlPlane, world: World, tmp_path: Path
) -> None:
    """The old version begins, the new one goes on from the training, the old one ends it: one attempt at each stage."""
    settings = {"namespaces": world.namespace, "lease_namespace": world.namespace, "leader_election": "false"}
    trees = (past(tmp_path), None, tmp_path)
    waits = (stage_in("train", "Running"), stage_in("generate-candidate-toy", "Running"), in_phase("Succeeded"))
    scripts = (runs_on("train"), runs_on("generate-candidate-toy"), lambda _pod: Ends())
    await world.apply(promotion={"gate": {"baseline": "Fixed"}})
    async with nodes_at_work(world.kubelet):
        for number, (tree, script, wanted) in enumerate(zip(trees, scripts, waits, strict=True)):
            world.play(script)
            operator = OperatorProcess(job_controller.kubeconfig, tmp_path / f"log-{number}", tree, **settings)
            try:
                await reached(world, wanted)
            finally:
                operator.kill()
            assert "Traceback" not in operator.log.read_text()
    done = await world.get()
    assert {each["attempt"] for each in done["status"]["stages"]} == {1}
    assert world.kubelet.workspace.twice() == []
