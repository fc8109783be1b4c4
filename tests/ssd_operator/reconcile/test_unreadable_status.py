"""A newer operator gave a field of the status another shape, and this one was installed again under its definition.

The resource says `UpgradeNeeded` where people look, nothing is begun, nothing that the newer one wrote is lost, and
when it is back the run goes on to its end with what was written meanwhile.
"""

import asyncio
import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from cluster.kubelet import Ends, runs_on
from cluster.plugin import Plugin
from cluster.world import Raw, World, condition, in_phase, stage_in
from controlplane.plane import ControlPlane
from ssd_operator import naming
from ssd_operator.cluster import ApiError

pytestmark = pytest.mark.endurance

RESTARTS = {"train": 2, "report": 0}
"""How a newer version might count them."""
FIELDS = {naming.PLURAL: "restarts", naming.SWEEP_PLURAL: "failed"}


@pytest.fixture
def newer_definitions(job_controller: ControlPlane) -> Iterator[ControlPlane]:
    """Definitions in which one field of each status may have any shape."""
    for plural, field in FIELDS.items():
        shape_field(job_controller, plural, field, {"x-kubernetes-preserve-unknown-fields": True})
    yield job_controller
    for plural, field in FIELDS.items():
        shape_field(job_controller, plural, field, {"type": "integer", "minimum": 0, "maximum": 9_007_199_254_740_991})


def shape_field(plane: ControlPlane, plural: str, field: str, schema: Raw) -> None:
    """Change the schema of a field of a status."""
    place = f"/spec/versions/0/schema/openAPIV3Schema/properties/status/properties/{field}"
    change = json.dumps([{"op": "replace", "path": place, "value": schema}])
    plane.kubectl("patch", "crd", f"{plural}.{naming.GROUP}", "--type=json", f"--patch={change}")


async def with_field(world: World, field: str, value: Any, *, name: str = "toy", kind: str = naming.KIND) -> Raw:
    """Write a field of the status as the newer version does, as soon as the API server takes it."""
    while True:
        raw = await world.get(name, kind=kind)
        try:
            return await world.api.replace_status({**raw, "status": {**raw["status"], field: value}})
        except ApiError as error:
            if not error.refused:
                raise
        await asyncio.sleep(0.1)


def is_held(raw: Raw) -> bool:
    """Tell whether a resource says that its operator is too old."""
    return bool(condition(raw, "Progressing").get("reason") == "UpgradeNeeded")


def rest(raw: Raw) -> Raw:
    """Return all of a status but phase and conditions."""
    return {name: value for name, value in raw["status"].items() if name not in ("phase", "conditions")}


async def test_a_run_whose_status_cannot_be_read_holds(world: World, newer_definitions: ControlPlane) -> None:
    """Condition, phase, event and `kubectl sd why` say so; no Job is made; later all goes on, with the newest spec."""
    await world.apply(promotion={"gate": {"baseline": "Fixed"}})
    world.play(runs_on("sample"))
    await world.until(stage_in("sample", "Running"))
    written = await with_field(world, "restarts", RESTARTS)
    world.new_operator()
    held = await world.until(is_held)
    message = condition(held, "Progressing")["message"]
    assert held["status"]["phase"] == "Waiting"
    assert "status.restarts" in message
    assert rest(held) == rest(written)
    assert condition(held, "Accepted") == condition(written, "Accepted")
    assert message in await Plugin(newer_definitions, world.namespace).tells("why", "toy")
    events = [raw async for raw in world.api.list("Event", world.namespace) if raw["type"] == "Warning"]
    assert [raw for raw in events if message[:900] in raw["message"] and raw["count"] == 1]
    before = await world.jobs()
    await world.edit(deadline="5h")
    world.play(lambda _pod: Ends())
    for _ in range(4):
        await world.step()
    assert (await world.jobs()).keys() == before.keys()
    assert rest(await world.get()) == rest(written)
    await with_field(world, "restarts", 0)
    world.new_operator()
    done = await world.until(in_phase("Succeeded"))
    frozen = await world.api.get("ConfigMap", world.namespace, done["status"]["resolvedSpec"]["configMap"])
    assert json.loads(frozen["data"]["spec.json"])["deadline"] == "5h"
    assert {each["attempt"] for each in done["status"]["stages"]} == {1}
    assert world.kubelet.workspace.twice() == []


async def test_a_finished_run_whose_status_cannot_be_read_is_left_alone(
    world: World, newer_definitions: ControlPlane
) -> None:
    """It stays Succeeded, with its results and all else as it was written."""
    assert newer_definitions
    await world.apply(promotion={"gate": {"baseline": "Fixed"}})
    await world.until(in_phase("Succeeded"))
    written = await with_field(world, "restarts", RESTARTS)
    world.new_operator()
    await world.edit(ttlAfterFinished="1h")
    for _ in range(3):
        await world.step()
    assert (await world.get())["status"] == written["status"]


async def test_a_sweep_whose_status_cannot_be_read_holds(world: World, newer_definitions: ControlPlane) -> None:
    """It says so and makes no cell, and goes on when the newer version is back."""
    assert newer_definitions
    until = partial(world.until, name="heat", kind=naming.SWEEP_KIND)
    axis = {"name": "Ttrain", "field": "sampling.temperature", "values": [0.5, 1.0]}
    world.play(runs_on("sample"))
    await world.sweep(axes=[axis], replicates=1, cells=None, baseline=None, parallel=1)
    await until(lambda raw: bool(raw.get("status", {}).get("cells")))
    await with_field(world, "failed", {"heat": "none"}, name="heat", kind=naming.SWEEP_KIND)
    world.new_operator()
    held = await until(is_held)
    assert held["status"]["phase"] == "Waiting"
    assert "status.failed" in condition(held, "Progressing")["message"]
    cells = (await world.cells()).keys()
    world.play(lambda _pod: Ends())
    for _ in range(3):
        await world.step()
    assert (await world.cells()).keys() == cells
    await with_field(world, "failed", 0, name="heat", kind=naming.SWEEP_KIND)
    world.new_operator()
    await until(in_phase("Succeeded"))
