"""What the operator plans of a sweep: the most GPU-hours, every stage once."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest
import yaml

from configs import plans
from resources.sweeps import sweep
from ssd_jobs import contract
from ssd_operator import plan
from ssd_operator.cluster import StoredSweep, sweeps
from ssd_operator.plan import gpu_hours
from ssd_operator.plan.union import stages_once
from ssd_operator.reconcile.sweep_plans import SweepPlan, SweepPlans
from ssd_operator.spec import presets
from ssd_operator.spec.cells import expand
from ssd_operator.spec.presets import Preset
from ssd_operator.spec.resolve import resolve
from ssd_operator.spec.sweep_resource import Sweep

STUDY = Path(__file__).parents[3] / "examples/studies/control-qwen3-4b.yaml"


def sent(document: dict[str, Any]) -> StoredSweep:
    """Return a sweep as the API server sends it."""
    metadata = {**document["metadata"], "namespace": "lab", "uid": "u", "resourceVersion": "1", "generation": 1}
    stored = sweeps.enter({**document, "metadata": metadata}).value
    assert isinstance(stored, StoredSweep)
    return stored


def planned(document: dict[str, Any], preset: Preset | None = None) -> SweepPlan:
    """Return the plan of a sweep."""
    stored = sent(document)
    return asyncio.run(SweepPlans().plan(stored, preset or presets.load(stored.preset)))


async def test_nobody_waits_for_a_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    """While a sweep is planned, which takes seconds where it has many cells, the operator goes on with all else."""
    elsewhere, real = threading.Event(), StoredSweep.parse

    def slow(stored: StoredSweep) -> Sweep:
        assert elsewhere.wait(60)
        return real(stored)

    monkeypatch.setattr(StoredSweep, "parse", slow)
    stored = sent(sweep())
    plan_of_it = asyncio.create_task(SweepPlans().plan(stored, presets.load(stored.preset)))
    await asyncio.sleep(0)
    elsewhere.set()
    assert (await plan_of_it).cells


def test_a_sweep_on_cpus_costs_no_gpu_hours() -> None:
    """The toy holds no GPU, and that is a number and not unknown."""
    found = planned(sweep())
    assert (found.planned_hours, set(map(len, found.gpus.values()))) == (0.0, {0})


def test_the_most_gpu_hours_are_those_of_every_stage_once() -> None:
    """By the estimator of `ssd plan`: more than a single cell's, less than all of them one by one."""
    document = yaml.safe_load(STUDY.read_text())
    template = document["spec"]["template"]["spec"]
    template["prompts"] = {"limit": 100}
    template["evaluation"] = {"benchmarks": [{"name": "lcb-v6", "expectProblems": 131}]}
    found = planned(document)
    cells = expand(document["spec"], name="control-qwen3-4b")
    graphs = [
        plan.build(cell.resolved(), plan.Surroundings(cell.name, cell.name, sweep_uid="u", digests={}), plans.PLATFORM)
        for cell in cells
    ]
    size = gpu_hours.named_parameters(graphs[0])
    assert size == 4e9
    alone = [gpu_hours.planned(list(graph), size, lambda _: None) for graph in graphs]
    once = gpu_hours.planned(list(stages_once(graphs)), size, lambda _: None)
    assert found.planned_hours == pytest.approx(once)
    assert once is not None
    assert max(filter(None, alone)) < once < sum(filter(None, alone))
    trained = {node.name: node.gpus * node.tasks for node in graphs[0].of(contract.TrainConfig)}
    assert found.gpus[cells[0].name].items() >= trained.items()


def test_what_is_not_known_is_no_number() -> None:
    """A model whose name tells no size, on GPUs."""
    document = yaml.safe_load(STUDY.read_text())
    document["spec"]["template"]["spec"]["model"] = {"source": {"path": "models/mine"}}
    assert planned(document).planned_hours is None


def resolved(found: SweepPlan) -> dict[str, str]:
    """Return the complete spec of every cell."""
    return {name: resolve(cell.spec, name=name).model_dump_json() for name, cell in found.cells.items()}


def test_cells_are_made_of_the_preset_that_the_sweep_began_with(monkeypatch: pytest.MonkeyPatch) -> None:
    """A release with another preset of that name changes no cell, a new one neither, and no promotion."""
    began = presets.load("toy")
    document = sweep(candidateSteps=[50])
    document["spec"]["template"]["spec"]["promotion"] = {}
    before = planned(document, began)
    told = {name: cell.digest for name, cell in before.cells.items()}
    complete = resolved(before)
    text = began.text.replace("steps: 125", "steps: 250").replace("warmupSteps: 12 ", "warmupSteps: 20 ")
    later = Preset("toy", text)
    monkeypatch.setattr(presets, "load", lambda _: later)
    after = planned(document, began)
    assert {name: cell.digest for name, cell in after.cells.items()} == told
    assert resolved(after) == complete
    assert after.promotion == before.promotion
    assert resolved(planned(document, later)) != complete
    document["spec"]["axes"][0]["values"].append(3)
    more = planned(document, began)
    added = [resolve(cell.spec, name=name) for name, cell in more.cells.items() if name not in told]
    assert {each.training.steps for each in added} == {125}


def test_a_cell_that_says_itself_what_its_preset_says_is_the_same_cell() -> None:
    """It has the keys of one that names the preset, as `ssd sweep` makes it."""
    document = sweep(replicates=2)
    laid = planned(document).cells
    for cell in expand(document["spec"], name="heat"):
        named, complete = cell.resolved(), resolve(laid[cell.name].spec, name=cell.name)
        assert "preset" not in laid[cell.name].spec
        assert [node.key for node in plans.graph(named)] == [node.key for node in plans.graph(complete)]
