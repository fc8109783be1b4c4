"""The pure core of sweeps under anything that can happen, in any order: its promises hold at every moment."""

import json

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from cluster.sweep_model import SweepModel, wanted
from ssd_operator.lifecycle import actions_for_cells, advance_sweep
from ssd_operator.spec.sweep_status import SweepStatus

NAMES = ("a", "b", "c", "d", "e")
OVER = frozenset({"Succeeded", "Failed"})


class SweepMachine(RuleBasedStateMachine):
    """A sweep, its cells, and everything that may happen to them."""

    def __init__(self) -> None:
        super().__init__()
        self.sweep = SweepModel(*NAMES[:4])
        self.vanished = 0
        """Cells that were taken away and may be made again."""

    @rule()
    def look(self) -> None:
        """One undisturbed pass."""
        self.sweep.decide()
        self.act(1000)

    @rule(most=st.integers(0, 2))
    def crash_while_acting(self, most: int) -> None:
        """The status is written, some actions are done, and then the process is gone."""
        self.sweep.decide()
        self.act(most)
        self.sweep.refusals.clear()

    @rule(data=st.data(), phase=st.sampled_from(sorted(OVER)))
    def a_cell_ends(self, data: st.DataObject, phase: str) -> None:
        """A cell that runs is over."""
        if names := sorted(self.sweep.active()):
            self.sweep.end(data.draw(st.sampled_from(names)), phase=phase)

    @rule(data=st.data())
    def somebody_suspends_or_resumes_a_cell(self, data: st.DataObject) -> None:
        """A person changes one cell by itself."""
        if names := sorted(name for name, view in self.sweep.cells.items() if not view.has_ended):
            name = data.draw(st.sampled_from(names))
            self.sweep.put(name, suspended=not self.sweep.cells[name].suspended)

    @rule(data=st.data())
    def somebody_deletes_a_cell(self, data: st.DataObject) -> None:
        """A resource vanishes, finished or not."""
        if self.sweep.cells:
            self.sweep.lose(data.draw(st.sampled_from(sorted(self.sweep.cells))))
            self.vanished += 1

    @rule(data=st.data())
    def a_cell_is_refused_or_not(self, data: st.DataObject) -> None:
        """The API server does not take a cell, or takes it after all."""
        name = data.draw(st.sampled_from(NAMES))
        if self.sweep.refusals.pop(name, None) is None and name not in self.sweep.cells:
            self.sweep.refusals[name] = "the API server refuses it: a quota"

    @rule()
    def suspend_or_resume(self) -> None:
        """A person changes their mind about the sweep."""
        self.sweep.suspended = not self.sweep.suspended

    @rule(names=st.sets(st.sampled_from(NAMES), min_size=1), digest=st.sampled_from(["d1", "d2"]))
    def somebody_edits_the_sweep(self, names: set[str], digest: str) -> None:
        """Cells come and go, and how they run changes."""
        gone = self.sweep.plan.keys() - names
        self.vanished += len(gone)
        self.sweep.plan = wanted(*sorted(names), digest=digest)

    @rule(broken=st.booleans())
    def somebody_breaks_or_repairs_the_sweep(self, broken: bool) -> None:
        """A spec that cannot be carried out comes, or goes."""
        self.sweep.problem = "spec.axes[0]: no" if broken else ""

    @rule(parallel=st.integers(1, 4), max_failed=st.none() | st.integers(0, 2))
    def somebody_changes_the_limits(self, parallel: int, max_failed: int | None) -> None:
        """A person wants more or less at once."""
        self.sweep.parallel, self.sweep.max_failed = parallel, max_failed

    @precondition(lambda self: not (self.sweep.suspended or self.sweep.problem))
    @rule()
    def left_alone(self) -> None:
        """Nobody interferes: every cell of the plan ends, unless too many failed, and no other is left."""
        self.sweep.refusals.clear()
        for name, view in self.sweep.cells.items():
            if view.suspended and not view.suspended_by_sweep:
                self.sweep.put(name, suspended=False)
        for _ in range(50):
            self.sweep.settle()
            if not (names := self.sweep.active()):
                break
            self.sweep.end(names[0])
        assert self.sweep.cells.keys() <= self.sweep.plan.keys()
        assert self.sweep.status.phase in OVER
        given_up = self.sweep.status.phase == "Failed"
        assert given_up or {row.phase for row in self.sweep.status.cells} <= OVER
        assert self.sweep.status.completion_time is not None

    def act(self, most: int) -> None:
        """Do some actions, as far as they are allowed now."""
        before = len(self.sweep.made)
        active = len(self.sweep.active())
        self.sweep.act(most=most)
        if len(self.sweep.made) > before:
            assert not self.sweep.suspended
            assert not self.sweep.problem
            assert len(self.sweep.active()) <= max(self.sweep.parallel, active)

    @invariant()
    def no_cell_is_made_twice(self) -> None:
        """A cell is made once, and once more for each time that somebody took one away."""
        assert len(self.sweep.made) - len(set(self.sweep.made)) <= self.vanished

    @invariant()
    def the_same_question_has_the_same_answer(self) -> None:
        """Asking twice changes nothing, and what must be done follows from what is written."""
        once = advance_sweep(self.sweep.status, self.sweep.inputs())
        assert advance_sweep(once, self.sweep.inputs()) == once
        stored = json.loads(once.model_dump_json(by_alias=True, exclude_none=True, exclude_defaults=True))
        read = SweepStatus.read(stored, path="status")
        assert actions_for_cells(read, self.sweep.inputs()) == actions_for_cells(once, self.sweep.inputs())

    @invariant()
    def what_succeeded_stays(self) -> None:
        """A cell whose success was written is not begun again because its resource is gone."""
        for row in self.sweep.status.cells:
            if row.phase == "Succeeded" and row.name not in self.sweep.cells and not self.sweep.problem:
                creates = [each.name for each in actions_for_cells(self.sweep.status, self.sweep.inputs())]
                assert row.name not in creates


SweepMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestSweepMachine = SweepMachine.TestCase
