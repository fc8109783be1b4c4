"""Rounds on one machine: each starts from the one before, a chain ends where it shall, and nothing is done twice."""

import io
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cluster.worker import sha
from processes.stand_in import StandIn
from resources.sweeps import sweep
from ssd_jobs import contract
from ssd_operator.local.chain import CellRun
from ssd_operator.local.sweep import LocalSweep
from ssd_operator.spec.sweep_resource import parse_sweep

TEMPLATE = {"spec": {"preset": "toy", "storage": {"claimName": "c"}, "prompts": {"limit": 50}, "promotion": {}}}


def chained(**rounds: Any) -> dict[str, Any]:
    """Return a sweep of one chain."""
    return sweep(template=TEMPLATE, axes=None, cells=None, baseline=None, replicates=1, rounds=rounds)


def opened(written: dict[str, Any], folder: Path, process: StandIn) -> LocalSweep:
    """Open it in a folder."""
    parsed = parse_sweep(written)
    return LocalSweep(parsed.name, parsed.cells(), parsed.fields, folder, tracking_uri="", run_process=process)


def run(work: LocalSweep, *numbers: int) -> list[CellRun]:
    """Carry out these rounds, all where none is named, and return the whole chain."""
    wanted = {each.cell.name for each in work.cells() if not numbers or each.cell.round in numbers}
    work.run(wanted, Console(file=io.StringIO()), wait_s=0, parallel=2, most_failed=None)
    return work.cells()


def values(found: CellRun) -> tuple[float, float]:
    """Return what base and candidate of a round scored on select problems."""
    stages = [found.state.stages[node.name].result or {} for node in found.graph.of(contract.SelectConfig)]
    base, candidate = (float(each["value"]) for each in stages)
    return base, candidate


def test_each_round_starts_from_the_digest_of_the_one_before(tmp_path: Path) -> None:
    """Its base is what the round before exported, and the report knows number, root and the first report."""
    found = run(opened(chained(count=4, stopWhen="Never"), tmp_path, StandIn()))
    assert [each.phase for each in found] == ["Succeeded"] * 4
    for before, after in pairwise(found):
        [trained], [prepared] = before.graph.of(contract.TrainConfig), after.graph.of(contract.PrepareConfig)
        assert isinstance(prepared.config, contract.PrepareConfig)
        source = prepared.config.model.science.source
        assert source == contract.ExportedModel(kind="export", path=trained.artifacts[0].path, digest=sha(trained.key))
    [first], [last] = (each.graph.of(contract.ReportConfig) for each in (found[0], found[-1]))
    assert isinstance(last.config, contract.ReportConfig)
    digest = found[0].state.result_of(contract.PrepareResult)
    assert digest is not None
    assert last.config.science.round == contract.RoundOf(
        number=4, root_digest=digest.digests["model"], root_report=first.artifacts[0].path
    )


def test_killed_between_rounds_nothing_is_done_twice(tmp_path: Path) -> None:
    """Each round by another process, and then all of them by one more: every process of every stage ran once."""
    written, process = chained(count=3, stopWhen="Never"), StandIn()
    for number in (1, 2, 3):
        found = run(opened(written, tmp_path, process), number)
        assert [each.phase for each in found] == ["Succeeded"] * number + ["Pending"] * (3 - number)
    run(opened(written, tmp_path, process))
    assert set(process.started.values()) == {1}
    keys = [{node.key for node in each.graph if node.kind != "reference"} for each in found]
    assert keys[0].isdisjoint(keys[1] | keys[2])


def test_a_round_that_is_wanted_wants_those_before_it(tmp_path: Path) -> None:
    """`--cells round=2` alone runs the first two."""
    found = run(opened(chained(count=3, stopWhen="Never"), tmp_path, StandIn()), 2)
    assert [each.phase for each in found] == ["Succeeded", "Succeeded", "Pending"]


@pytest.mark.parametrize("temperature", [0.5, 0.9, 1.1, 1.4])
def test_a_chain_ends_where_select_falls(tmp_path: Path, temperature: float) -> None:
    """No round begins after the first whose candidate scores less than its base; the others say why."""
    written = chained(count=5)
    written["spec"]["template"] = {"spec": {**TEMPLATE["spec"], "sampling": {"temperature": temperature}}}
    found = run(opened(written, tmp_path, StandIn()))
    done = [each for each in found if each.phase == "Succeeded"]
    falls = [candidate < base for base, candidate in map(values, done)]
    assert not any(falls[:-1])
    assert falls[-1] or len(done) == 5
    assert [each.phase for each in found[len(done) :]] == ["Skipped"] * (5 - len(done))
    assert all(each.message.startswith(f"round {len(done)} fell to ") for each in found[len(done) :])


def test_promoting_a_later_round_is_judged_with_its_place_in_the_chain(tmp_path: Path) -> None:
    """The selected round's report is made again with the gate, and it still knows the root."""
    written = chained(count=3, stopWhen="Never")
    work = opened(written, tmp_path, StandIn())
    found = run(work)
    spec = parse_sweep(written).judged(found[2].cell, among=3)
    assert spec is not None
    _, _, graph = work.judge(spec, found, Console(file=io.StringIO()), wait_s=0)
    [report] = graph.of(contract.ReportConfig)
    assert isinstance(report.config, contract.ReportConfig)
    assert report.config.science.promotion is not None
    assert report.config.science.round is not None
    assert report.config.science.round.number == 3
