"""Rounds of a sweep: which cells they are, what a later one starts from, and when none follows."""

from typing import Any

import pytest

from resources.sweeps import sweep
from ssd_operator.errors import InvalidSpec
from ssd_operator.spec.cells import Cell
from ssd_operator.spec.rounds import Rounds, RoundStart, fallen
from ssd_operator.spec.sweep_resource import parse_sweep

START = RoundStart("checkpoints/1", "1" * 64, "2" * 64, "reports/3")


def rounds(count: int = 3, **changes: Any) -> dict[str, Any]:
    """Return a sweep of one cell with rounds."""
    template = {"spec": {"preset": "toy", "storage": {"claimName": "c"}, "prompts": {"limit": 50}}}
    return sweep(
        **{
            "template": template, "axes": None, "cells": None, "baseline": None, "replicates": 1,
            "rounds": {"count": count}, **changes,
        }
    )  # fmt: skip


def cells(document: dict[str, Any]) -> tuple[Cell, ...]:
    """Return the cells of a sweep."""
    return parse_sweep(document).cells()


def test_each_round_follows_the_one_before() -> None:
    """Every cell and replicate is a chain; all of it names the first round, which was compared with the root."""
    axes = [{"name": "T", "field": "sampling.temperature", "values": [0.5, 1.5]}]
    found = cells(rounds(axes=axes, replicates=2))
    assert len({each.name for each in found}) == len(found) == 12
    for at in range(0, 12, 3):
        one, two, three = found[at : at + 3]
        assert [each.round for each in (one, two, three)] == [1, 2, 3]
        assert (one.after, two.after, three.after) == ("", one.name, two.name)
        assert (one.first, two.first, three.first) == ("", one.name, one.name)
    assert [each.origin for each in found[:3]] == ["T=0.5, round 1", "T=0.5, round 2", "T=0.5, round 3"]


def test_more_rounds_leave_those_that_there_are() -> None:
    """A larger count renames no round and changes none."""
    assert cells(rounds(5))[:3] == cells(rounds(3))


def test_a_later_round_starts_from_the_export_and_differs_in_nothing_else() -> None:
    """Its model is that export by digest, its problems are the next of the pool, and all else is the first one's."""
    first, second, _ = cells(rounds())
    one, two = first.resolved(), second.started(START).resolved()
    export = two.model.source.export
    assert export is not None
    assert (export.path, export.digest) == (START.export, START.digest)
    assert two.round is not None
    assert (two.round.number, two.round.root_digest, two.round.root_report) == (2, START.root_digest, "reports/3")
    assert (one.prompts.skip, two.prompts.skip) == (0, 50)
    assert two.model_copy(update={"model": one.model, "prompts": one.prompts, "round": one.round}) == one


def test_the_same_prompts_where_that_is_wanted() -> None:
    """Without fresh prompts all rounds take the same problems, and need no limit."""
    template = {"spec": {"preset": "toy", "storage": {"claimName": "c"}, "prompts": {"limit": 0}}}
    found = cells(rounds(rounds={"count": 2, "freshPrompts": False}, template=template))
    assert {each.started(START).resolved().prompts.skip for each in found} == {0}
    with pytest.raises(InvalidSpec, match=r"rounds\.freshPrompts: needs prompts\.limit in the template"):
        cells(rounds(template=template))


@pytest.mark.parametrize(
    ("stop", "select", "before", "reason"),
    [
        ("SelectFalls", "0.25", "0.5", "round 2 fell to 0.250 on select problems, after 0.500"),
        ("SelectFalls", "0.5", "0.5", ""),
        ("SelectFalls", "", "0.5", ""),
        ("Never", "0.25", "0.5", ""),
    ],
)
def test_when_no_round_follows(stop: str, select: str, before: str, reason: str) -> None:
    """SelectFalls ends a chain at the first round that scores less than the model that it started from."""
    asked = Rounds.read({"count": 2, "stopWhen": stop}, path="spec.rounds")
    assert fallen(asked, 2, select=select, before=before) == reason
