"""The cells of a sweep are planned as one: whatever they have in common is there once."""

from itertools import chain
from typing import Any

from hypothesis import given, settings

from configs import plans
from resources.drawn_sweeps import sweeps
from resources.sweeps import sweep
from ssd_jobs import contract
from ssd_operator import plan
from ssd_operator.plan.union import stages_once
from ssd_operator.spec.sweep_resource import parse_sweep


def graphs(document: dict[str, Any]) -> list[plan.Graph]:
    """Return the plan of every cell."""
    return [plans.graph(cell.resolved(), name=cell.name, uid=cell.name) for cell in parse_sweep(document).cells()]


def base_stages(stages: list[plan.Node]) -> list[plan.Node]:
    """Return what the base model generates, and the grades of it."""
    return [each for each in stages if getattr(each.config, "arm", "") == "Base"]


@settings(max_examples=15, deadline=None)
@given(sweeps())
def test_each_key_is_there_once(document: dict[str, Any]) -> None:
    """The union holds every recipe of every cell exactly once, and a report of each cell's own."""
    cells = graphs(document)
    once = list(stages_once(cells))
    recipes = [(node.kind, node.key) for node in once]
    assert len(set(recipes)) == len(recipes)
    assert set(recipes) == {(node.kind, node.key) for node in chain.from_iterable(cells)}
    assert len([node for node in once if isinstance(node.config, contract.ReportConfig)]) == len(cells)


@settings(max_examples=15, deadline=None)
@given(sweeps())
def test_the_base_is_generated_and_graded_once_in_all(document: dict[str, Any]) -> None:
    """However many cells there are, the base has the stages that it has in one of them."""
    cells = graphs(document)
    once = list(stages_once(cells))
    assert len(base_stages(once)) == len(base_stages(list(cells[0])))
    assert len([node for node in once if isinstance(node.config, contract.PrepareConfig)]) == 1


def test_the_example_of_the_documentation_makes_as_many_stages_as_keys() -> None:
    """4 x 2 x 3 + 3 cells: the control is a cell of the product, so that three reports are all it adds."""
    once = list(stages_once(graphs(sweep())))
    counted = {kind: sum(node.kind == kind for node in once) for kind in ("prepare", "sample", "train", "report")}
    assert counted == {"prepare": 1, "sample": 24, "train": 24, "report": 27}
    assert len(once) == 275


def test_what_can_move_is_resolved_once_for_all_cells_of_a_sweep() -> None:
    """Two cells of one sweep share the resolution of a branch; two resources do not, and neither do two sweeps."""
    moving = plans.spec(model={"source": plans.HUB})

    def prepared(uid: str, sweep_uid: str) -> str:
        around = plan.Surroundings(name=uid, uid=uid, sweep_uid=sweep_uid, digests={})
        return plan.build(moving, around, plans.PLATFORM)["prepare"].key

    assert prepared("one", "s") == prepared("two", "s")
    assert len({prepared("one", "s"), prepared("one", "t"), prepared("one", ""), prepared("two", "")}) == 4
