"""Laws of a sweep's status: what it says in each situation, how long it is, and how often it is written."""

import json
from dataclasses import replace

import pytest

from cluster.sweep_model import SweepModel, wanted
from ssd_operator.lifecycle import StageTime, events_of_sweep
from ssd_operator.lifecycle.conditions import find
from ssd_operator.spec.status import ChoiceStatus, PromotionStatus
from ssd_operator.spec.sweep_status import BestStatus, GpuHoursStatus, JudgementStatus, SweepStatus

LONGEST_STATUS = 64 * 1024
CELLS_OF_A_STUDY = 120


def condition(status: SweepStatus, kind: str) -> tuple[str, str, str]:
    """Return what a condition says."""
    found = find(status, kind)
    assert found is not None
    return found.status, found.reason, found.message


def test_so_many_at_once_in_the_order_of_the_plan() -> None:
    """No more than `parallel` cells run; the next one begins when one ends, and the sweep ends with the last."""
    sweep = SweepModel("c", "a", "b", parallel=2)
    sweep.settle()
    assert (sweep.made, sweep.status.phase, sweep.status.progress) == (["c", "a"], "Running", "0/3")
    sweep.end("c")
    sweep.settle()
    assert (sweep.made, sweep.status.progress) == (["c", "a", "b"], "1/3")
    for name in ("a", "b"):
        sweep.end(name)
    sweep.settle()
    assert (sweep.status.phase, sweep.status.progress, sweep.status.failed) == ("Succeeded", "3/3", 0)
    assert condition(sweep.status, "Succeeded") == ("True", "Finished", "3 of 3 cells succeeded")


def test_a_cell_that_a_person_suspends_leaves_its_place_to_another() -> None:
    """`parallel` counts cells that are not suspended, and the sweep lets a person's decision alone."""
    sweep = SweepModel("a", "b", "c", parallel=1)
    sweep.settle()
    sweep.put("a", suspended=True)
    sweep.settle()
    assert (sweep.made, sweep.row("a").phase, sweep.row("b").phase) == (["a", "b"], "Suspended", "Running")
    sweep.end("b")
    sweep.settle()
    sweep.end("c")
    sweep.settle()
    assert sweep.status.phase == "Waiting"
    assert condition(sweep.status, "Progressing")[:2] == ("False", "CellsSuspended")


def test_suspending_a_sweep_suspends_its_cells_and_no_other_ones() -> None:
    """The cells that run are stopped and later go on, at most `parallel` of them; a person's stays stopped."""
    sweep = SweepModel("a", "b", "c", parallel=2)
    sweep.settle()
    sweep.put("b", suspended=True)
    sweep.settle()
    sweep.suspended = True
    sweep.settle()
    assert (sweep.active(), sweep.status.phase) == ([], "Suspended")
    sweep.suspended = False
    sweep.parallel = 1
    sweep.settle()
    assert (sweep.active(), sweep.cells["b"].suspended) == (["a"], True)


def test_a_failed_cell_fails_no_other() -> None:
    """The others go on, the row and an event say why, and the sweep succeeds with what succeeded."""
    sweep = SweepModel("a", "b", parallel=2)
    sweep.settle()
    before = sweep.status
    sweep.end("a", phase="Failed")
    sweep.settle()
    assert (sweep.status.phase, sweep.status.failed, sweep.row("a").message) == ("Running", 1, "grade: it broke")
    [event] = events_of_sweep(before, sweep.status)
    assert (event.reason.word, event.note) == ("CellFailed", "a: grade: it broke")
    sweep.end("b")
    sweep.settle()
    assert condition(sweep.status, "Succeeded")[::2] == ("True", "1 of 2 cells succeeded")


def test_too_many_failures_stop_the_sweep() -> None:
    """More failed cells than `maxFailed` begin no more; those that run go on, and raising the limit begins the rest."""
    sweep = SweepModel("a", "b", "c", "d", parallel=2, max_failed=0)
    sweep.settle()
    sweep.end("a", phase="Failed")
    sweep.settle()
    assert (sweep.made, sweep.status.phase, sweep.status.completion_time) == (["a", "b"], "Failed", None)
    status, reason, message = condition(sweep.status, "Failed")
    assert (status, reason) == ("True", "CellsFailed")
    assert message.startswith("1 cell failed (a), more than spec.maxFailed allows (0): no more are begun;")
    sweep.end("b")
    sweep.settle()
    assert (sweep.made, sweep.status.phase) == (["a", "b"], "Failed")
    assert sweep.status.completion_time is not None
    sweep.max_failed = 1
    sweep.settle()
    assert (sweep.made, sweep.status.phase) == (["a", "b", "c", "d"], "Running")
    assert sweep.status.completion_time is None


def test_a_plan_lists_the_cells_and_makes_none() -> None:
    """In mode Plan every cell has a row."""
    sweep = SweepModel("a", "b")
    sweep.planning = True
    sweep.settle()
    assert (sweep.made, sweep.status.phase, sweep.status.progress) == ([], "Planned", "0/2")
    assert [(row.name, row.cell, row.phase) for row in sweep.status.cells] == [
        ("a", "cell=a", "Pending"),
        ("b", "cell=b", "Pending"),
    ]


def test_a_sweep_without_a_plan_makes_changes_and_removes_nothing() -> None:
    """`Planned` is False with the sentence; what is there goes on, and is told as before."""
    fresh = SweepModel("a", "b")
    fresh.problem = "spec.axes[0].field: no such field"
    fresh.settle()
    assert (fresh.made, fresh.status.phase) == ([], "Invalid")
    assert condition(fresh.status, "Planned") == ("False", "InvalidSpec", "spec.axes[0].field: no such field")
    sweep = SweepModel("a", "b", parallel=1)
    sweep.settle()
    sweep.problem = "spec.axes[0].field: no such field"
    sweep.settle()
    assert (sweep.made, list(sweep.cells), sweep.status.phase) == (["a"], ["a"], "Running")
    assert condition(sweep.status, "Planned")[0] == "False"
    sweep.end("a")
    sweep.settle()
    assert (sweep.made, sweep.row("a").phase, sweep.status.phase) == (["a"], "Succeeded", "Invalid")


def test_a_refused_cell_is_told_and_keeps_no_other_waiting() -> None:
    """The row has the API server's words; the next cell takes the place, and the refused one comes last."""
    sweep = SweepModel("a", "b", parallel=1)
    sweep.refusals["a"] = "the API server refuses it: exceeded quota"
    sweep.decide()
    sweep.act()
    assert (sweep.made, sweep.row("a").phase, sweep.row("a").message) == (["b"], "Pending", sweep.refusals["a"])
    sweep.end("b")
    sweep.decide()
    sweep.act()
    assert condition(sweep.status, "Progressing") == ("False", "CellRefused", f"a: {sweep.refusals['a']}")


def chose(sweep: SweepModel, name: str, value: float, *, problems: int = 10) -> None:
    """Let a cell succeed with this value on select problems."""
    choice = ChoiceStatus(setting="t1", metric="pass@1", value=repr(value), settings=4, problems=problems)
    sweep.put(name, phase="Succeeded", choices={"select-candidate-toy": choice})


def test_the_best_cell_is_told_with_how_many_it_is_the_best_of() -> None:
    """By the mean of its replicates on select problems; of equals the first by name; cells that failed do not count."""
    sweep = SweepModel("a1", "a2", "b", "c", "d", parallel=5)
    for name in ("a1", "a2"):
        sweep.plan[name] = replace(sweep.plan[name], origin="cell=a", replicate=int(name[1]))
    sweep.settle()
    assert sweep.status.best is None
    chose(sweep, "a1", 0.25)
    sweep.settle()
    assert sweep.status.best == BestStatus(
        cell="cell=a", name="a1", select="0.250", of=1, message="0.250, best of 1 on the 10 select problems of toy"
    )
    for name, value in {"a2": 0.75, "b": 0.5, "c": 0.375}.items():
        chose(sweep, name, value)
    sweep.end("d", phase="Failed")
    sweep.settle()
    assert sweep.status.best == BestStatus(
        cell="cell=a", name="a2", select="0.500", of=3, message="0.500, best of 3 on the 10 select problems of toy"
    )


def test_the_value_on_report_problems_is_told_at_the_end_and_chooses_nothing() -> None:
    """With the optimism of the choice; until every cell has ended it is empty, and it stays when a cell is deleted."""
    sweep = SweepModel("a1", "a2", "b", parallel=5)
    for name in ("a1", "a2"):
        sweep.plan[name] = replace(sweep.plan[name], origin="cell=a", replicate=int(name[1]))
    sweep.settle()
    for name, (select, report) in {"a1": (0.5, 0.25), "a2": (0.75, 0.375), "b": (0.125, 0.875)}.items():
        assert sweep.status.best is None or sweep.status.best.report == ""
        chose(sweep, name, select)
        sweep.put(name, report={"toy": f"{report}"})
        sweep.settle()
    best = sweep.status.best
    assert best is not None
    assert (best.cell, best.select, best.report, best.optimism) == ("cell=a", "0.625", "0.312", "0.531")
    assert best.message.endswith("; 0.312 on report problems, optimism +53.1 points")
    del sweep.cells["b"]
    sweep.settle()
    assert sweep.status.best == best


def test_a_shared_stage_costs_once_and_what_was_spent_is_never_less() -> None:
    """By its key, with the longest time that a cell gives; one without GPUs costs none; a lost cell takes nothing."""
    sweep = SweepModel("a", "b")
    sweep.planned_hours = 12.34
    sweep.gpus = {name: {"train": 8} for name in ("a", "b")}
    sweep.settle()
    assert sweep.status.gpu_hours == GpuHoursStatus(planned="12.3", spent="0")
    for name, seconds in (("a", 1800.0), ("b", 900.0)):
        sweep.put(name, stages=(StageTime("train", "key", seconds), StageTime("grade", f"key-{name}", 1e6)))
        sweep.end(name)
    sweep.settle()
    assert sweep.status.gpu_hours == GpuHoursStatus(planned="12.3", spent="4.0", spent_seconds=8 * 1800)
    sweep.lose("a")
    sweep.planned_hours = None
    sweep.decide()
    assert sweep.status.gpu_hours == GpuHoursStatus(planned="unknown", spent="4.0", spent_seconds=8 * 1800)


def test_cells_that_were_chosen_on_different_problems_have_no_best() -> None:
    """Their values cannot be compared."""
    sweep = SweepModel("a", "b")
    sweep.settle()
    chose(sweep, "a", 0.25)
    chose(sweep, "b", 0.5, problems=11)
    sweep.settle()
    assert sweep.status.best is None


def test_the_gate_judges_the_selected_cell_alone_and_once() -> None:
    """When every cell has ended the best one is given the promotion; a cell that comes later changes nothing of it."""
    sweep = SweepModel("a", "b")
    sweep.promotes = True
    sweep.settle()
    chose(sweep, "a", 0.25)
    sweep.settle()
    assert sweep.status.judgement is None
    chose(sweep, "b", 0.5)
    sweep.settle()
    assert sweep.cells["b"].spec != sweep.cells["a"].spec
    assert (sweep.active(), sweep.status.phase) == (["b"], "Running")
    chose(sweep, "b", 0.5)
    sweep.put("b", promotion=PromotionStatus(decision="Held", reasons=("gain 0.01",)))
    before = sweep.status
    sweep.settle()
    decided = JudgementStatus(cell="cell=b", name="b", of=2, decision="Held", reasons=("gain 0.01",))
    assert sweep.status.judgement == decided
    assert sweep.status.phase == "Succeeded"
    assert ("Held", "b: gain 0.01") in [(each.reason.word, each.note) for each in events_of_sweep(before, sweep.status)]
    sweep.plan = {**sweep.plan, **wanted("c")}
    sweep.settle()
    chose(sweep, "c", 0.75)
    sweep.settle()
    assert sweep.status.judgement == decided
    assert (sweep.row("c").phase, sweep.status.phase) == ("Succeeded", "Succeeded")


def test_a_selected_cell_that_is_deleted_before_it_was_judged_is_made_again() -> None:
    """Its artifacts are there, so that only the judgement is left to do."""
    sweep = SweepModel("a")
    sweep.promotes = True
    sweep.settle()
    chose(sweep, "a", 0.25)
    sweep.settle()
    sweep.lose("a")
    sweep.settle()
    assert (sweep.made, sweep.row("a").phase) == (["a", "a"], "Running")


@pytest.mark.parametrize("message", ["", "x" * 5000], ids=["short", "long"])
def test_the_status_of_a_study_is_short(message: str) -> None:
    """With 120 cells of the longest names it has at most 64 KB, whatever their failures say."""
    names = [f"{index:03}-{'n' * 36}" for index in range(CELLS_OF_A_STUDY)]
    sweep = SweepModel(*names, parallel=CELLS_OF_A_STUDY)
    for name, cell in sweep.plan.items():
        sweep.plan[name] = replace(cell, origin="v" * 500, replicate=2)
    sweep.settle()
    for name in names:
        sweep.put(name, phase="Failed", message=message)
    sweep.settle()
    stored = sweep.status.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
    assert len(json.dumps(stored).encode()) <= LONGEST_STATUS


def test_a_sweep_writes_about_two_statuses_per_cell() -> None:
    """One when a cell begins and one when it ends, together with the begin of the next."""
    names = [f"c{index}" for index in range(CELLS_OF_A_STUDY)]
    sweep = SweepModel(*names, parallel=4)
    sweep.settle()
    while sweep.active():
        name = sweep.active()[0]
        sweep.put(name, phase="")
        sweep.settle()
        sweep.end(name)
        sweep.settle()
    assert sweep.status.phase == "Succeeded"
    assert sweep.writes <= CELLS_OF_A_STUDY + 2
