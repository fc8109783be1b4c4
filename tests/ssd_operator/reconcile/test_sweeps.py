"""Sweeps against the real API server, its Job controller and its garbage collector."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from cluster.kubelet import Ends, Pod, runs_on
from cluster.world import CLAIM, PAUSE_S, World, condition, in_phase, phase
from controlplane.plane import ControlPlane
from resources.sweeps import SWEEP_FAULTS, SweepFault, sweep
from ssd_operator import naming
from ssd_operator.cluster import Api, ApiError
from ssd_operator.errors import InvalidSpec
from ssd_operator.spec import presets
from ssd_operator.spec.presets import Preset
from ssd_operator.spec.sweep_resource import parse_sweep
from ssd_operator.spec.sweep_rules import RULES

KIND = naming.SWEEP_KIND


def small(**changes: Any) -> dict[str, Any]:
    """Return the spec of two cells."""
    return {"axes": axis(0.5, 1.0), "replicates": 1, "cells": None, "baseline": None, **changes}


RULED = frozenset(rule.message for rule in RULES)
"""What both say in the same words; a bound of one field has the API server's own."""


def axis(*values: float) -> list[dict[str, Any]]:
    """Return an axis with these training temperatures."""
    return [{"name": "Ttrain", "field": "sampling.temperature", "values": list(values)}]


def keys(cells: dict[str, Any]) -> set[str]:
    """Return the keys of all stages of all cells."""
    return {stage["key"] for raw in cells.values() for stage in raw["status"]["stages"]}


async def test_a_whole_sweep(world: World) -> None:
    """Two cells make exactly the Jobs of their different keys; the gate judges the better one, with one more report.

    The template's promotion is the sweep's; that report says of how many cells its candidate was selected.
    """
    spec = {"preset": "toy", "storage": {"claimName": CLAIM}, "promotion": {}}
    await world.sweep(**small(template={"spec": spec}))
    done = (await world.until(in_phase("Succeeded"), name="heat", kind=KIND))["status"]
    rows, best, judged = done["cells"], done["best"], done["judgement"]
    assert [(row["cell"], row["phase"]) for row in rows] == [("Ttrain=0.5", "Succeeded"), ("Ttrain=1", "Succeeded")]
    assert (done["progress"], best["of"], best["name"]) == ("2/2", 2, max(rows, key=lambda row: row["select"])["name"])
    assert ", best of 2 on the 10 select problems of toy; " in best["message"]
    assert (judged["name"], judged["of"], judged["decision"]) == (best["name"], 2, "Promoted")
    cells, jobs = await world.cells(), await world.jobs()
    promotions = {name: raw["spec"].get("promotion") for name, raw in cells.items()}
    assert promotions.pop(best["name"]) == {"registeredModel": "heat", "chosenAmong": 2}
    assert list(promotions.values()) == [None]
    assert len(jobs) == len(keys(cells)) + 1
    assert [raw["metadata"]["labels"][naming.LABEL_STAGE] for raw in jobs.values()].count("prepare") == 1
    assert world.kubelet.workspace.twice() == []


async def test_a_cell_is_an_ordinary_run_that_belongs_to_the_sweep(world: World) -> None:
    """It has the sweep as its controller and as a label, and neither promotion nor mode of its own."""
    spec = {"preset": "toy", "storage": {"claimName": CLAIM}, "promotion": {}}
    await world.sweep(**small(template={"spec": spec}))
    await world.operator.settle()
    made = await world.get("heat", kind=KIND)
    for raw in (await world.cells()).values():
        [owner] = raw["metadata"]["ownerReferences"]
        assert (owner["uid"], owner["controller"]) == (made["metadata"]["uid"], True)
        assert raw["metadata"]["labels"][naming.LABEL_SWEEP] == "heat"
        assert raw["spec"].keys().isdisjoint({"promotion", "mode", "suspend"})


async def test_values_come_and_go(world: World) -> None:
    """A new value makes its own cell only; a value that is taken away takes its resource along, and nothing else."""
    world.play(runs_on("prepare"))
    await world.sweep(**small())
    await world.operator.settle()
    before = await world.cells()
    await world.edit("heat", kind=KIND, axes=axis(1.0, 1.5))
    await world.operator.settle()
    after = await world.cells()
    kept = before.keys() & after.keys()
    assert (len(kept), len(before), len(after)) == (1, 2, 2)
    assert {before[name]["metadata"]["uid"] for name in kept} == {after[name]["metadata"]["uid"] for name in kept}
    rows = (await world.get("heat", kind=KIND))["status"]["cells"]
    assert [row["cell"] for row in rows] == ["Ttrain=1", "Ttrain=1.5"]
    assert after.keys() == {row["name"] for row in rows}


async def test_suspending_a_sweep_frees_the_hardware(world: World) -> None:
    """Its cells stop and no other begins; later they go on where they were."""
    world.play(runs_on("sample"))
    await world.sweep(**small(parallel=1))
    await world.until(lambda raw: bool(raw.get("status", {}).get("cells")), name="heat", kind=KIND)
    while not await world.pods_at_work():
        await world.step()
    await world.edit("heat", kind=KIND, suspend=True)
    await world.until(in_phase("Suspended"), name="heat", kind=KIND)
    while await world.pods_at_work():
        await world.step()
        await asyncio.sleep(PAUSE_S)
    assert [raw["spec"]["suspend"] for raw in (await world.cells()).values()] == [True]
    world.play(lambda _pod: Ends())
    await world.edit("heat", kind=KIND, suspend=False)
    while not await world.pods_at_work():
        await world.step()
    assert phase(await world.get("heat", kind=KIND)) == "Running"


@pytest.mark.endurance
async def test_a_failed_cell_fails_no_other(world: World) -> None:
    """The row has the cell's own words, and the sweep ends with the other one's success."""

    def script(pod: Pod) -> object:
        cold = "temperature" in str(pod.config) and pod.stage == "sample" and pod.config.science.decode.temperature < 1  # type: ignore[attr-defined]
        return Ends(code=64, message="bad input: as the test wants it") if cold and pod.running else Ends()

    world.play(script)
    await world.sweep(**small(maxFailed=1))
    done = await world.until(in_phase("Succeeded"), name="heat", kind=KIND)
    first, second = done["status"]["cells"]
    assert (first["phase"], second["phase"], done["status"]["failed"]) == ("Failed", "Succeeded", 1)
    assert "as the test wants it" in first["message"]


@pytest.mark.parametrize("foreground", [False, True], ids=["background", "foreground"])
async def test_deleting_a_sweep_leaves_nothing(world: World, foreground: bool) -> None:
    """Cells, Jobs, ConfigMaps and policies go with it; only the claim stays."""
    world.play(runs_on("sample"))
    await world.sweep(**small())
    while len(await world.pods_at_work()) < 2:
        await world.step()
        await asyncio.sleep(PAUSE_S)
    await world.api.delete(KIND, world.namespace, "heat", preconditions={}, foreground=foreground)
    deadline = time.monotonic() + 120
    while left := [
        name for kind in ("Job", "ConfigMap", "Pod", "Service", naming.KIND, KIND) for name in await names(world, kind)
    ]:
        assert time.monotonic() < deadline, left
        await world.step()
        await asyncio.sleep(PAUSE_S)


async def names(world: World, kind: str) -> list[str]:
    """Return the objects of a kind that are ours."""
    found = [raw["metadata"]["name"] async for raw in world.api.list(kind, world.namespace)]
    return [name for name in found if name != "kube-root-ca.crt"]


async def test_a_name_that_is_taken_is_waited_for(world: World) -> None:
    """A resource that has a cell's name and is none is not taken over; once it is gone, the cell is made."""
    [name, _] = [cell.name for cell in parse_sweep(sweep(**small())).cells()]
    await world.apply(name, suspend=True)
    await world.sweep(**small(parallel=1))
    await world.operator.settle()
    waits = await world.get("heat", kind=KIND)
    row = waits["status"]["cells"][0]
    assert (row["phase"], row["message"][:40]) == ("Pending", "a SelfDistillation of this name is there")
    await world.api.delete(naming.KIND, world.namespace, name, preconditions={}, foreground=False)
    await world.until(in_phase("Succeeded"), name="heat", kind=KIND)


def said_of(name: str, fault: SweepFault) -> str:
    """Return the sentence that `ssd` prints."""
    with pytest.raises(InvalidSpec) as refused:
        parse_sweep(sweep(name, **fault.changes)).cells()
    return str(refused.value)


async def refusal(world: World, name: str, fault: SweepFault) -> str:
    """Return why the API server does not take a sweep, empty when it does."""
    try:
        await world.sweep(name, **fault.changes)
    except ApiError as error:
        return error.message
    return ""


async def test_a_wrong_sweep_is_refused_in_the_same_words(world: World) -> None:
    """What the API server sees it refuses; the rest is `Planned` False with the sentence of `ssd`, and no cell.

    Unknown fields where it has a schema it refuses to kubectl, which asks for that, and drops without it.
    """
    judged = (fault for fault in SWEEP_FAULTS if fault.hidden or fault.message != "no such field")
    faults = {f"wrong-{index}": fault for index, fault in enumerate(judged)}
    refusals = {name: await refusal(world, name, fault) for name, fault in faults.items()}
    await world.operator.settle()
    for name, fault in faults.items():
        if fault.hidden:
            assert refusals[name] == "", fault
            found = condition(await world.get(name, kind=KIND), "Planned")
            assert (found["status"], found["message"]) == ("False", said_of(name, fault))
        else:
            assert fault.path in refusals[name], fault
            assert fault.message in refusals[name] or fault.message not in RULED
    assert await world.cells() == {}


async def test_the_template_is_fixed_in_its_science(world: World) -> None:
    """Once a cell was made, another temperature in the template is refused, and more memory reaches every cell."""
    await world.sweep(**small(parallel=1))
    await world.operator.settle()
    with pytest.raises(ApiError, match="training cannot change once a cell was made"):
        await world.edit("heat", kind=KIND, template={"spec": {"training": {"steps": 7}}})
    limits = {"resources": {"limits": {"memory": "64Gi"}}}
    await world.edit("heat", kind=KIND, template={"spec": {"pod": limits}})
    await world.operator.settle()
    await world.operator.settle()
    assert [raw["spec"]["pod"] for raw in (await world.cells()).values()] == [limits]


async def test_an_upgrade_changes_no_cell(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator with another preset of that name makes the next cell of what the preset said when the sweep began."""
    await world.sweep(**small(parallel=1))
    await world.operator.settle()
    [before] = (await world.cells()).values()
    began = presets.load("toy")
    later = Preset("toy", began.text.replace("steps: 125", "steps: 250"))
    monkeypatch.setattr(presets, "load", lambda _: later)
    world.new_operator()
    await world.edit("heat", kind=KIND, parallel=2)
    await world.operator.settle()
    cells = await world.cells()
    assert {raw["spec"]["training"]["steps"] for raw in cells.values()} == {125}
    assert len(cells) == 2
    assert cells[before["metadata"]["name"]]["metadata"]["generation"] == before["metadata"]["generation"]
    kept = (await world.get("heat", kind=KIND))["status"]["preset"]
    assert (kept["name"], kept["digest"]) == ("toy", began.digest)


async def test_plan_mode_lists_the_cells(world: World, job_controller: ControlPlane) -> None:
    """Nothing is made, and `kubectl get sds` shows how many cells there would be."""
    await world.sweep(**small(mode="Plan"))
    await world.operator.settle()
    assert await world.cells() == {}
    [_, row] = job_controller.kubectl.within(world.namespace)("get", "sds").splitlines()
    assert row.split()[:4] == ["heat", "Planned", "Planned", "0/2"]


@pytest.mark.endurance
async def test_a_whole_study_makes_each_key_once(api: Api, make_namespace: Callable[[], str]) -> None:
    """4 x 2 x 3 + 3 cells make exactly as many Jobs as they have different keys; the base is graded once in all.

    The control is a cell of the grid, too, so that it costs three reports.
    """
    world = World(api, make_namespace())
    await world.make_claim()
    await world.sweep()
    done = await world.until(in_phase("Succeeded"), name="heat", kind=KIND, seconds=1200)
    cells = await world.cells()
    assert (len(cells), done["status"]["progress"]) == (27, "27/27")
    jobs = await world.jobs()
    assert len(jobs) == len(keys(cells))
    stages = [raw["metadata"]["labels"][naming.LABEL_STAGE] for raw in jobs.values()]
    assert (stages.count("prepare"), stages.count("train"), stages.count("report")) == (1, 24, 27)
    graded = {stage["key"] for raw in cells.values() for stage in raw["status"]["stages"] if "base" in stage["name"]}
    assert len(graded) == len(
        {stage["name"] for raw in cells.values() for stage in raw["status"]["stages"] if "base" in stage["name"]}
    )
    assert world.kubelet.workspace.twice() == []
