"""Laws of the table of stages: it is complete, and each row agrees with the config, the result and the program."""

import importlib
import pkgutil
from collections.abc import Iterator

import pytest
from pydantic import BaseModel

from configs import plans
from ssd_jobs import contract
from ssd_operator.plan import Node
from ssd_operator.spec import fields
from ssd_operator.spec.pod import SealedPod

SPEC = plans.spec(analysis={}, evaluation=plans.ASSERTED)
NODES = tuple(plans.graph(SPEC))
ROWS = [pytest.param(row, id=kind) for kind, row in contract.STAGES.items()]
EVERY_ROW = pytest.mark.parametrize("row", ROWS)


def nodes(row: contract.StageKind) -> list[Node]:
    """Return the stages of this kind in a plan that has all kinds."""
    return [node for node in NODES if node.row is row]


def kinds_of(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """Yield all models that are derived from one."""
    for child in model.__subclasses__():
        yield child
        yield from kinds_of(child)


def test_every_config_has_a_row_and_every_row_is_planned() -> None:
    """A kind of stage exists in the contract, in the table and in the plan, or nowhere."""
    package = importlib.import_module("ssd_jobs.contract")
    for module in pkgutil.iter_modules(package.__path__, "ssd_jobs.contract."):
        importlib.import_module(module.name)
    configs = {each for each in kinds_of(contract.Config) if each.__module__.startswith("ssd_jobs.contract.")}
    assert configs == {row.config for row in contract.STAGES.values()}
    assert {node.kind for node in NODES} == set(contract.STAGES)


@EVERY_ROW
def test_a_row_agrees_with_its_config(row: contract.StageKind) -> None:
    """A column that names a field of the config names one that is there, and of the type that the column needs."""
    assert nodes(row)
    for node in nodes(row):
        assert isinstance(node.config, row.config)
        assert node.kind == row.kind
        assert node.tasks >= 1
        assert node.gpus >= 0
        assert node.limits is None or node.limits.memory_mb == contract.LIMITS.memory_mb
        assert node.needs_tracking in (True, False)
        assert isinstance(node.config.execution, contract.GangExecution) == node.is_gang
        assert (node.config.execution.metrics_port > 0) == row.tells_progress
    assert (row.shape == "One") == (row.tasks is None)


@EVERY_ROW
def test_a_row_agrees_with_the_spec(row: contract.StageKind) -> None:
    """A column that names a field of the spec names one that is there: the pod, and how often it is tried."""
    assert isinstance(fields.at(SPEC, row.pod.path), SealedPod)
    for node in nodes(row):
        assert node.most_failures(SPEC) >= 1
        assert node.pod(SPEC) == fields.at(SPEC, row.pod.path)


@EVERY_ROW
def test_a_stage_has_a_program_and_artifacts(row: contract.StageKind) -> None:
    """The worker finds the program by the kind, and what it writes has a kind of its own."""
    assert callable(importlib.import_module(f"ssd_jobs.stages.{row.kind}.stage").run)
    assert row.writes
    assert contract.ARTIFACTS[row.kind].made_by == row.kind


@EVERY_ROW
def test_a_sharded_stage_has_sharded_artifacts(row: contract.StageKind) -> None:
    """Processes that are independent write a directory each; all others share one."""
    expected = [node.tasks if row.shape == "Sharded" else 0 for node in nodes(row) for _ in node.artifacts]
    assert [each.shards for node in nodes(row) for each in node.artifacts] == expected


def test_rows_only_speak_of_roots_that_are_written() -> None:
    """Nothing is read that no stage writes, and what every stage of a kind reads is written by an earlier row."""
    written: set[str] = set()
    for row in contract.STAGES.values():
        always = {each for each in row.reads if isinstance(each, str)}
        assert always <= written
        written |= set(row.writes)
    assert {root for row in contract.STAGES.values() for root in row.may_read} <= written
    assert written == {folder for each in contract.ARTIFACTS.values() for folder in each.folders}


def test_expected_outputs_are_read_beside_a_sandbox_alone() -> None:
    """A root with what no pod with a model may see is read by the stages that run programs against it."""
    withheld = {each.withheld for each in contract.ARTIFACTS.values() if each.withheld}
    readers = [row.kind for row in contract.STAGES.values() if withheld & {str(each) for each in row.reads}]
    assert withheld == {"tests"}
    assert readers == ["reference", "grade"]
    assert not withheld & {each.folder for each in contract.ARTIFACTS.values()}


@EVERY_ROW
def test_foreign_programs_run_in_the_image_without_a_network(row: contract.StageKind) -> None:
    """Whoever may run programs that a model wrote has the small image, no secret, no GPU and no server."""
    forbidden = {"hub": row.hub, "tracking": row.tracking, "gpus": row.gpus, "progress": row.tells_progress}
    assert row.programs is None or row.image == "grader"
    assert row.programs is None or not any(forbidden.values())
