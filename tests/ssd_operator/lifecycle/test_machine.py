"""The pure core under anything that can happen, in any order: its promises hold at every moment."""

from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from cluster.model import Cluster
from ssd_operator.lifecycle import Planner, advance, is_over
from ssd_operator.lifecycle.stage import ENDED
from ssd_operator.spec.status import StageStatus

FAILURES = [
    {"ending": "Failed", "code": 1},
    {"ending": "Failed", "code": 75},
    {"ending": "Failed", "code": 143, "disrupted": True},
]

KINDS = ("Prepare", "Sample", "Curate", "Train", "Generate", "Grade", "Report")


class Machine(RuleBasedStateMachine):
    """A run, its cluster, and everything that may go wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.cluster = Cluster(deadline="999999h", training={"maxAttempts": 100})
        self.finished: dict[str, tuple[str, int]] = {}
        self.lost = 0
        self.over = ""
        self.failures: set[str] = set()
        """Jobs that failed since the run was begun or begun again."""
        self.attempts: dict[str, int] = {}
        """Key -> attempts at it so far; a rerun may come back to an earlier one."""
        self.kept: dict[str, StageStatus] = {}
        """What the last rerun must leave as it is."""

    @rule()
    def look(self) -> None:
        """One undisturbed pass."""
        self.cluster.decide()
        self.cluster.act()

    @rule()
    def crash_after_writing(self) -> None:
        """The status is written, and then the process is gone."""
        self.cluster.decide()
        self.cluster.made.clear()

    @rule(most=st.integers(1, 2))
    def crash_while_acting(self, most: int) -> None:
        """Some actions are done, and then the process is gone."""
        self.cluster.decide()
        self.cluster.act(most=most)
        self.cluster.made.clear()

    @rule(data=st.data())
    def a_job_completes(self, data: st.DataObject) -> None:
        """The work of a stage is done."""
        names = sorted(job.name for job in self.cluster.live() if not job.suspended)
        if names:
            self.cluster.end(data.draw(st.sampled_from(names)))

    @rule(data=st.data(), how=st.sampled_from(FAILURES))
    def a_gang_fails(self, data: st.DataObject, how: dict[str, Any]) -> None:
        """The training gang ends in a way that is forgiven."""
        names = sorted(job.name for job in self.cluster.live() if job.name.startswith("ssd-train-"))
        if names:
            name = data.draw(st.sampled_from(names))
            self.cluster.end(name, **how)
            self.failures.add(name)

    @rule(data=st.data())
    def a_job_fails_for_good(self, data: st.DataObject) -> None:
        """A stage meets bad input: it and what needs it are lost for this run."""
        names = sorted(job.name for job in self.cluster.live() if not job.suspended)
        if names:
            name = data.draw(st.sampled_from(names))
            self.cluster.end(name, ending="Failed", code=64)
            self.failures.add(name)

    @rule(data=st.data())
    def someone_deletes_a_job(self, data: st.DataObject) -> None:
        """A Job vanishes, finished or not."""
        if self.cluster.jobs:
            self.cluster.lose(data.draw(st.sampled_from(sorted(self.cluster.jobs))))
            self.lost += 1

    @rule(data=st.data())
    def words_are_lost(self, data: st.DataObject) -> None:
        """The pods of an ended Job are collected before anyone read what they said."""
        names = sorted(self.cluster.pods)
        if names and self.lost < 2:
            self.cluster.pods[data.draw(st.sampled_from(names))] = ()
            self.lost += 1

    @rule()
    def suspend_or_resume(self) -> None:
        """A person changes their mind."""
        self.cluster.suspended = not self.cluster.suspended

    @rule(seconds=st.sampled_from([1, 60, 4000]))
    def time_passes(self, seconds: int) -> None:
        """The clock moves on."""
        self.cluster.forward(seconds)

    @rule(nodes=st.integers(1, 3), image=st.sampled_from(["", "mine:9"]))
    def someone_edits_the_execution(self, nodes: int, image: str) -> None:
        """How it is run changes, what is found out does not: no key may change."""
        spec = self.cluster.place.spec
        training = spec.training.model_copy(
            update={"nodes": nodes, "pod": spec.pod.model_copy(update={"image": image})}
        )
        before = self.keys()
        self.cluster.change(spec.model_copy(update={"training": training}))
        assert self.keys() == before

    @precondition(lambda self: not self.cluster.suspended)
    @rule()
    def left_alone(self) -> None:
        """Let every Job complete until the run is over."""
        for _ in range(200):
            self.cluster.settle()
            if is_over(self.cluster.status):
                break
            for job in self.cluster.live():
                self.cluster.end(job.name)
            self.cluster.now += timedelta(seconds=400)

    @precondition(lambda self: is_over(self.cluster.status))
    @rule(kind=st.sampled_from(sorted(KINDS)), nonce=st.sampled_from(["a", "b", "c"]))
    def do_it_again(self, kind: str, nonce: str) -> None:
        """A person asks for the same again from some stage on: what succeeded and does not follow from it is kept."""
        again: set[str] = set()
        for node in self.cluster.graph():
            if node.kind == kind.lower() or again.intersection(node.upstream):
                again.add(node.name)
        stages = {stage.name: stage for stage in self.cluster.status.stages if stage.phase == "Succeeded"}
        if self.ask(kind, nonce):
            self.kept = {name: stage for name, stage in stages.items() if name not in again}

    def ask(self, kind: str, nonce: str) -> bool:
        """Set `rerun`, and tell whether that is a new question."""
        spec = self.cluster.place.spec
        rerun = spec.rerun.model_copy(update={"start": kind, "nonce": nonce})
        if rerun == spec.rerun:
            return False
        self.cluster.change(spec.model_copy(update={"rerun": rerun}))
        self.cluster.reopened = True
        self.over = ""
        self.failures.clear()
        return True

    def keys(self) -> list[str]:
        """Return the keys of the plan."""
        return [node.key for node in self.cluster.graph()]

    @invariant()
    def a_rerun_keeps_what_it_does_not_ask_for(self) -> None:
        """What an earlier run or rerun finished stays as it is, whatever failed before that."""
        now = {stage.name: stage for stage in self.cluster.status.stages}
        assert {name: now[name] for name in self.kept} == self.kept

    @invariant()
    def no_failure_is_read_twice(self) -> None:
        """A stage fails by a Job that failed in this run, never by one that is left of an earlier one."""
        if not self.cluster.reopened:
            lost = [stage for stage in self.cluster.status.stages if stage.phase == "Failed"]
            assert all(stage.jobs[0].name in self.failures for stage in lost)

    @invariant()
    def deciding_twice_is_deciding_once(self) -> None:
        """The same inputs change nothing a second time, whatever plan was kept."""
        inputs = self.cluster.inputs()
        once = advance(self.cluster.status, inputs, self.cluster.planner)
        assert advance(once, inputs, Planner()) == once

    @invariant()
    def no_name_is_taken_twice_while_it_stands(self) -> None:
        """A stage has at most one Job that lives."""
        live = [job.key for job in self.cluster.live()]
        assert len(live) == len(set(live))

    @invariant()
    def what_is_finished_stays_finished(self) -> None:
        """A stage that succeeded runs no further attempt under the same key."""
        for stage in self.cluster.status.stages:
            key, attempt = self.finished.get(stage.name, ("", 0))
            if key == stage.key and not self.cluster.reopened:
                assert (stage.phase, stage.attempt) == ("Succeeded", attempt)
        self.finished = {
            stage.name: (stage.key, stage.attempt) for stage in self.cluster.status.stages if stage.phase == "Succeeded"
        }

    @invariant()
    def the_end_is_the_end(self) -> None:
        """A run that has ended neither changes its mind nor starts anything."""
        if self.cluster.reopened:
            return
        if self.over:
            assert self.cluster.status.phase == self.over
        if is_over(self.cluster.status):
            self.over = self.cluster.status.phase
            assert all(stage.phase in ENDED for stage in self.cluster.status.stages)

    @invariant()
    def attempts_are_counted_once(self) -> None:
        """No more Jobs were made for a key than there were attempts, and Jobs that were lost while being made."""
        for stage in self.cluster.status.stages:
            self.attempts[stage.key] = max(stage.attempt, self.attempts.get(stage.key, 0))
            made = sum(key == stage.key for key, _ in self.cluster.created)
            assert made <= self.attempts[stage.key] + self.lost

    def teardown(self) -> None:
        """Left alone, the run comes to its end; a failed one succeeds when it is asked for again."""
        self.cluster.suspended = False
        self.left_alone()
        if self.cluster.status.phase == "Failed":
            assert self.ask("Report", "once more")
            self.left_alone()
        assert self.cluster.status.phase == "Succeeded"


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
