"""The cells of a sweep: which there are, how they are called, and in what they differ."""

from collections.abc import Mapping
from typing import Any

from hypothesis import given, settings

from resources.drawn_sweeps import sweeps
from resources.sweeps import sweep_spec
from ssd_operator.spec.cells import Cell, expand
from ssd_operator.spec.rule import is_name
from ssd_operator.spec.sweep_resource import parse_sweep


def cells_of(document: Mapping[str, Any]) -> tuple[Cell, ...]:
    """Read a sweep and return its cells."""
    return parse_sweep(document).cells()


@settings(max_examples=30, deadline=None)
@given(sweeps())
def test_there_is_a_cell_for_every_combination_and_replicate(document: dict[str, Any]) -> None:
    """Each has a name of its own that a resource can have, and is found again by the same name."""
    spec = document["spec"]
    product = 1
    for axis in spec["axes"]:
        product *= len(axis["values"])
    cells = cells_of(document)
    assert len(cells) == (product + len(spec["cells"])) * spec["replicates"] * max(len(spec["candidateSteps"]), 1)
    assert len({cell.name for cell in cells}) == len(cells)
    assert len({(cell.origin, cell.replicate) for cell in cells}) == len(cells)
    assert all(is_name(cell.name) for cell in cells)
    assert cells == cells_of(document)


@settings(max_examples=20, deadline=None)
@given(sweeps())
def test_what_is_added_renames_nothing(document: dict[str, Any]) -> None:
    """One more value, one more cell, one more replicate, another order of the axes: the cells that were there stay."""
    before = cells_of(document)
    spec = document["spec"]
    first = spec["axes"][0]
    more = {"sampling.temperature": [2.5], "sampling.topK": [51], "training.steps": [141]}
    values = more.get(first["field"], []) + first["values"]
    spec["axes"] = [*spec["axes"][1:], {**first, "values": values}]
    spec["cells"] = [*spec["cells"], {"name": "x" * 32, "set": {"sampling": {"topP": 0.7}}}]
    spec["replicates"] += 1
    after = {cell.name: cell for cell in cells_of(document)}
    assert all(after[cell.name].spec == cell.spec for cell in before)


def test_a_replicate_changes_two_seeds() -> None:
    """It changes the seeds of sampling and training, and nothing else of the complete spec."""
    one, two, three = expand(sweep_spec(axes=None), name="heat")
    plain = one.resolved()
    for number, cell in enumerate((two, three), start=1):
        other = cell.resolved()
        assert (other.sampling.seed, other.training.seed) == (
            plain.sampling.seed + number,
            plain.training.seed + number,
        )
        same = other.model_copy(
            update={
                "sampling": other.sampling.model_copy(update={"seed": plain.sampling.seed}),
                "training": other.training.model_copy(update={"seed": plain.training.seed}),
            }
        )
        assert same.document() == plain.document()


def test_the_last_seed_is_followed_by_the_first() -> None:
    """A replicate of the largest seed there is has a seed, too."""
    template = {"spec": {"preset": "toy", "storage": {"claimName": "c"}, "sampling": {"seed": 2**31 - 1}}}
    _, second, _ = expand(sweep_spec(axes=None, template=template), name="heat")
    assert second.resolved().sampling.seed == 0


def test_a_cell_promotes_nothing_and_is_recorded_with_its_sweep() -> None:
    """The template's promotion is the sweep's; all cells stand in one MLflow experiment, unless another is named."""
    template = {"preset": "toy", "storage": {"claimName": "c"}, "promotion": {}}
    for more, experiment in (({}, "heat"), ({"tracking": {"experiment": "mine"}}, "mine")):
        for cell in expand(sweep_spec(template={"spec": {**template, **more}}), name="heat"):
            resolved = cell.resolved()
            assert (resolved.promotion, resolved.tracking.experiment) == (None, experiment)


def test_a_cell_is_the_template_with_its_values() -> None:
    """A value goes to its axis's field, a set is laid over the template, and all else is the template's."""
    cells = {(cell.origin, cell.replicate): cell.resolved() for cell in expand(sweep_spec(), name="heat")}
    sampling = cells["Ttrain=1.5, cut=k10", 1].sampling
    assert (sampling.temperature, sampling.top_k, sampling.top_p) == (1.5, 10, 0.8)
    control = cells["control", 2].sampling
    assert (control.temperature, control.top_k, control.top_p) == (1, 0, 1)
    assert len({resolved.evaluation.model_dump_json() for resolved in cells.values()}) == 1
