"""A sweep on one machine: each recipe is carried out once, and cells stand and fall by themselves."""

import asyncio
import io
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from processes.stand_in import StandIn
from resources.drawn_sweeps import sweeps
from resources.sweeps import sweep
from ssd_jobs import contract
from ssd_operator.cli import document
from ssd_operator.errors import Busy
from ssd_operator.local import summary
from ssd_operator.local.experiment import LocalExperiment
from ssd_operator.local.processes import Finished
from ssd_operator.local.sweep import LocalSweep
from ssd_operator.plan.union import stages_once
from ssd_operator.spec.sweep_resource import parse_sweep

FOUR: dict[str, Any] = {
    "axes": [{"name": "T", "field": "sampling.temperature", "values": [0.5, 1, 1.5, 2]}],
    "replicates": 1,
}
TWO: dict[str, Any] = {
    "axes": [{"name": "T", "field": "sampling.temperature", "values": [0.5, 1]}],
    "cells": None,
    "baseline": None,
    "replicates": 1,
}


class Broken(StandIn):
    """Stand-ins of which one kind of stage fails, in all cells or at one temperature of sampling."""

    def __init__(self, kind: str, *, temperature: float | None = None) -> None:
        super().__init__()
        self.kind = kind
        self.temperature = temperature
        self.failed = 0

    async def __call__(self, config: Path, *, index: int, log: Path, environment: Mapping[str, str]) -> Finished:
        """Fail, or do what a stand-in does."""
        wanted = contract.load(config)
        sampled = wanted.science.decode.temperature if isinstance(wanted, contract.SampleConfig) else None
        if wanted.stage == self.kind and self.temperature in (None, sampled):
            self.failed += 1
            return Finished(contract.ExitCode.BAD_INPUT, "", "it broke")
        return await super().__call__(config, index=index, log=log, environment=environment)


class Interrupted(StandIn):
    """Stand-ins of which all are stopped after some have done their work, as by Ctrl-C."""

    left = 0

    async def __call__(self, config: Path, *, index: int, log: Path, environment: Mapping[str, str]) -> Finished:
        """Do what a stand-in does, as long as nobody stops it."""
        await asyncio.sleep(0)
        if self.left == 0:
            raise Busy("stopped")
        self.left -= 1
        return await super().__call__(config, index=index, log=log, environment=environment)


def local(written: dict[str, Any], folder: str | Path, process: StandIn) -> LocalSweep:
    """Open a sweep in a folder."""
    parsed = parse_sweep(written)
    return LocalSweep(parsed.name, parsed.cells(), parsed.fields, Path(folder), tracking_uri="", run_process=process)


def run(work: LocalSweep, *, parallel: int = 4, most_failed: int | None = None, wanted: set[str] | None = None) -> str:
    """Run it, and return what was printed."""
    console = Console(file=io.StringIO(), width=200)
    names = {each.cell.name for each in work.cells()} if wanted is None else wanted
    work.run(names, console, wait_s=0, parallel=parallel, most_failed=most_failed)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def phases(work: LocalSweep) -> dict[str, str]:
    """Return where each cell stands."""
    return {each.cell.origin: each.phase for each in work.cells()}


@settings(max_examples=4, deadline=None)
@given(sweeps(most_axes=1))
def test_each_recipe_is_carried_out_once(written: dict[str, Any]) -> None:
    """Whatever the sweep: the processes that were started are those of its different keys, each started once."""
    process = StandIn()
    with TemporaryDirectory() as folder:
        work = local(written, folder, process)
        run(work)
        assert set(phases(work).values()) == {"Succeeded"}
        recipes = {(node.kind, node.key) for node in stages_once(each.graph for each in work.cells())}
        assert {(kind, key) for kind, key, _ in process.started} == recipes
        assert set(process.started.values()) == {1}
        run(local(written, folder, process))
    assert set(process.started.values()) == {1}


def test_cells_that_were_run_before_lend_what_they_have(tmp_path: Path) -> None:
    """A sweep that is run in pieces, each by another process, does nothing twice either."""
    process = StandIn()
    names = [each.cell.name for each in local(sweep(**FOUR), tmp_path, process).cells()]
    for name in names:
        run(local(sweep(**FOUR), tmp_path, process), wanted={name})
    assert set(phases(local(sweep(**FOUR), tmp_path, process)).values()) == {"Succeeded"}
    assert set(process.started.values()) == {1}


@settings(max_examples=5, deadline=None)
@given(st.lists(st.integers(1, 8), min_size=1, max_size=3), st.integers(1, 2))
def test_however_often_it_is_stopped_nothing_is_made_twice(stops: list[int], parallel: int) -> None:
    """Stopped anywhere and continued, by the same command, until all cells have come to their ends."""
    process = Interrupted()
    with TemporaryDirectory() as folder:
        for process.left in stops:
            with pytest.raises(Busy, match=r"^stopped$"):
                run(local(sweep(**TWO), folder, process), parallel=parallel)
        process.left = -1
        work = local(sweep(**TWO), folder, process)
        run(work, parallel=parallel)
        assert set(phases(work).values()) == {"Succeeded"}
    assert set(process.work.values()) == {1}


def test_a_failed_cell_fails_no_other(tmp_path: Path) -> None:
    """The others come to their ends; the next time the failed one alone is tried again, and finds what it needs."""
    work = local(sweep(**FOUR), tmp_path, Broken("sample", temperature=1.5))
    assert "T=1.5 #1: sample failed" in run(work)
    assert [origin for origin, phase in phases(work).items() if phase != "Succeeded"] == ["T=1.5"]
    [message] = [each.message for each in work.cells() if each.message]
    assert message == "sample: it broke"
    process = StandIn()
    again = local(sweep(**FOUR), tmp_path, process)
    run(again)
    assert set(phases(again).values()) == {"Succeeded"}
    assert [kind for kind, _, _ in process.started].count("sample") == 2  # the two shards of one cell
    assert not [kind for kind, _, _ in process.started if kind == "prepare"]


def test_what_all_cells_need_fails_once(tmp_path: Path) -> None:
    """A stage that failed is not tried again by every cell that needs it."""
    process = Broken("prepare")
    work = local(sweep(**FOUR), tmp_path, process)
    run(work)
    assert set(phases(work).values()) == {"Failed"}
    assert process.failed == 1


def test_too_many_failures_stop_the_sweep(tmp_path: Path) -> None:
    """Once more cells than maxFailed have failed, none is begun any more."""
    for most_failed, failed in ((0, 1), (2, 3), (None, 5)):
        work = local(sweep(**FOUR), tmp_path / str(most_failed), Broken("train"))
        run(work, parallel=1, most_failed=most_failed)
        assert list(phases(work).values()).count("Failed") == failed


def test_a_cell_is_an_experiment_that_can_be_run_by_itself(tmp_path: Path) -> None:
    """Its file lies where that of `ssd run` would, and as an experiment of its own it has nothing left to do."""
    work = local(sweep(**FOUR), tmp_path, StandIn())
    run(work)
    for each in work.cells():
        name, spec = document.read(tmp_path / ".ssd" / each.cell.name / "selfdistill.yaml")
        alone = LocalExperiment(name, spec, tmp_path, tracking_uri="")
        state = alone.state()
        assert all(state.succeeded(node) for node in alone.graph(state))


def test_judging_the_selected_cell_is_one_more_report(tmp_path: Path) -> None:
    """The gate judges it under the sweep's name and is told among how many runs it was chosen; no cell is promoted."""
    template = {"spec": {"preset": "toy", "storage": {"claimName": "c"}, "promotion": {}}}
    written, process = sweep(**FOUR, template=template), StandIn()
    work = local(written, tmp_path, process)
    run(work)
    before = process.started.copy()
    cell = work.cells()[2].cell
    spec = parse_sweep(written).judged(cell, among=5)
    assert spec is not None
    for _ in range(2):
        experiment, state, graph = work.judge(spec, work.cells(), Console(file=io.StringIO()), wait_s=0)
        assert (experiment.name, summary.exit_code(state)) == ("heat", 0)
        assert [kind for kind, _, _ in process.started - before] == ["report"]
    [science] = [node.config.science for node in graph if isinstance(node.config, contract.ReportConfig)]
    assert (science.chosen_among, science.promotion is not None) == (5, True)
    reports = [each.graph["report"].config for each in work.cells()]
    assert all(isinstance(each, contract.ReportConfig) and each.science.promotion is None for each in reports)
