"""Steps of one training as candidates: each is a cell, all are of one training, and the rest stays as it was."""

from typing import Any

import pytest

from configs import plans
from resources.sweeps import sweep, sweep_spec
from ssd_jobs import contract
from ssd_jobs.contract import files
from ssd_operator.errors import InvalidSpec
from ssd_operator.plan import Node
from ssd_operator.spec.cells import expand
from ssd_operator.spec.sweep_resource import parse_sweep

STEPS = [25, 50, 125]
"""The last one is the end of the toy's training."""


def graphs(**changes: Any) -> list[list[Node]]:
    """Return the plan of every cell of a sweep, in order."""
    cells = parse_sweep(sweep(**changes)).cells()
    return [list(plans.graph(cell.resolved(), name=cell.name, uid=cell.name)) for cell in cells]


def of_candidate(nodes: list[Node]) -> contract.GenerateConfig:
    """Return how the candidate answers report problems at its fixed setting."""
    [found] = (node.config for node in nodes if node.name == "generate-candidate-toy")
    assert isinstance(found, contract.GenerateConfig)
    return found


def test_every_cell_has_every_step() -> None:
    """Cells times steps, each with a name of its own that says at which step of how many it is."""
    cells = expand(sweep_spec(candidateSteps=STEPS), name="heat")
    assert len(cells) == len(expand(sweep_spec(), name="heat")) * len(STEPS)
    assert len({cell.name for cell in cells}) == len(cells)
    assert [cell.origin for cell in cells[:3]] == [f"Ttrain=0.5, cut=none, step {step} of 125" for step in STEPS]
    assert {cell.name.split("-s")[-1].split("-")[0] for cell in cells[:3]} == {str(step) for step in STEPS}


def test_the_steps_of_a_cell_are_one_training() -> None:
    """They differ in the model that answers and in nothing before it; the last step is the training's own export."""
    found = graphs(candidateSteps=STEPS, axes=None, baseline=None, replicates=1)
    assert len({node.key for nodes in found for node in nodes if node.kind == "train"}) == 1
    [trained] = (node for node in found[0] if node.kind == "train")
    artifact = trained.artifacts[0].path
    assert [of_candidate(nodes).model for nodes in found] == [
        files.export(artifact, 25),
        files.export(artifact, 50),
        files.export(artifact),
    ]
    assert len({setting.key for nodes in found for setting in of_candidate(nodes).settings}) == len(STEPS)


def test_the_last_step_alone_is_a_cell_without_steps() -> None:
    """What was generated for one is found by the other."""
    [plain], [last] = (
        graphs(axes=None, baseline=None, replicates=1, **changes) for changes in ({}, {"candidateSteps": [125]})
    )
    assert [node.key for node in plain if node.kind != "report"] == [node.key for node in last if node.kind != "report"]


def test_what_the_template_exports_stays() -> None:
    """The steps are exported beside those that the template names."""
    template = {"spec": {"preset": "toy", "storage": {"claimName": "c"}, "training": {"export": {"steps": [30]}}}}
    cells = expand(sweep_spec(candidateSteps=[25], template=template), name="heat")
    assert {cell.resolved().training.export.steps for cell in cells} == {(25, 30)}


def test_a_run_takes_its_candidate_from_what_it_exports() -> None:
    """A single run names the step, and a step that is not exported is refused, also where a preset says how many."""
    found = plans.spec(training={"export": {"everySteps": 25}}, evaluation={"candidateStep": 50})
    nodes = list(plans.graph(found))
    assert of_candidate(nodes).model.endswith(files.step(50))
    [report] = (node.config for node in nodes if isinstance(node.config, contract.ReportConfig))
    assert report.candidate == of_candidate(nodes).model
    with pytest.raises(InvalidSpec, match=r"evaluation\.candidateStep: must be one of training\.export\.steps"):
        plans.spec(evaluation={"candidateStep": 50})
