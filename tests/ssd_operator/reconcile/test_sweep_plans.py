"""What the operator plans of a sweep: the most GPU-hours, every stage once."""

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
from ssd_operator.spec.cells import expand

STUDY = Path(__file__).parents[3] / "examples/studies/control-qwen3-4b.yaml"


def planned(document: dict[str, Any]) -> SweepPlan:
    """Return the plan of a sweep as the API server sends it."""
    metadata = {**document["metadata"], "namespace": "lab", "uid": "u", "resourceVersion": "1", "generation": 1}
    stored = sweeps.enter({**document, "metadata": metadata}).value
    assert isinstance(stored, StoredSweep)
    return SweepPlans().plan(stored)


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
