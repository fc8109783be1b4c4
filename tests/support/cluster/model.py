"""A cluster as plain values: what the pure core is run against, without a server and without time.

It keeps Jobs the way the API server would: a name can be taken once, a version grows with every change, and a Job
that is deleted goes first into deletion and then away.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cluster import plans
from cluster.worker import result
from ssd_jobs import contract
from ssd_operator import naming
from ssd_operator.lifecycle import (
    Action,
    CreateJob,
    DeleteJob,
    DisownJob,
    Inputs,
    JobView,
    Owner,
    Planner,
    PodView,
    ResumeJob,
    SuspendJob,
    actions_for,
    advance,
    reopen,
)
from ssd_operator.lifecycle.inputs import stamp
from ssd_operator.manifests import Place
from ssd_operator.plan import Graph
from ssd_operator.spec.resolved import ResolvedSpec
from ssd_operator.spec.status import ProgressStatus, Status

UID = "uid-1"
START = datetime(2026, 1, 1, tzinfo=UTC)


class Cluster:
    """One resource, its Jobs and pods, and an operator that may lose its memory."""

    def __init__(self, **sections: Any) -> None:
        self.place: Place = plans.place(**sections)
        self.status = Status()
        self.now = START
        self.suspended = False
        self.planning = False
        self.jobs: dict[str, JobView] = {}
        self.pods: dict[str, tuple[PodView, ...]] = {}
        self.made: dict[str, str] = {}
        self.progress: dict[str, ProgressStatus] = {}
        """Stage -> how far it says that it is."""
        self.created: list[tuple[str, str]] = []
        """(key, name) of every Job that was ever made."""
        self.version = 1
        self.reopened = False
        self.planner = Planner()
        self.collecting = ""
        """Job that removes from the claim what nothing names."""

    def change(self, spec: ResolvedSpec) -> None:
        """Put another spec in force."""
        self.place = replace(self.place, spec=spec)

    def inputs(self) -> Inputs:
        """Return what is seen now."""
        references = [stage.jobs[0] for stage in self.status.stages if stage.jobs]
        stood = {each.name for each in references if each.uid or each.name in self.made}
        return Inputs(
            name="toy",
            uid=UID,
            generation=1,
            place=self.place,
            now=self.now,
            suspended=self.suspended,
            planning=self.planning,
            jobs=dict(self.jobs),
            pods=dict(self.pods),
            absent=frozenset(stood - self.jobs.keys()),
            made=dict(self.made),
            progress=dict(self.progress),
            collecting=self.collecting,
        )

    def graph(self) -> Graph:
        """Return the plan as it is now."""
        return self.planner.graph(self.status, self.inputs())

    def decide(self) -> None:
        """Let the core decide, and write the status."""
        was = reopen(self.status) if self.reopened else self.status
        self.reopened = False
        self.status = advance(was, self.inputs(), self.planner)

    def act(self, *, most: int = 1000) -> int:
        """Do at most so many actions, and return how many were done."""
        actions = actions_for(self.status, self.graph(), self.inputs())[:most]
        for action in actions:
            self._do(action)
        return len(actions)

    def settle(self) -> None:
        """Decide and act until nothing is left to do."""
        for _ in range(50):
            before = self.status
            self.decide()
            if not self.act() and self.status == before:
                return
        raise AssertionError("never comes to rest")

    def end(self, name: str, *, ending: str = "Complete", code: int = 0, disrupted: bool = False) -> None:
        """Let a Job end as the Job controller would say it."""
        job = self.jobs[name]
        config = self._config(job)
        message = contract.dump_result(result(config)) if ending == "Complete" else "it broke"
        self.version += 1
        pod = PodView(
            namespace="lab", name=f"{name}-0", uid=f"pod-{self.version}", version=self.version, job=name, index=0,
            phase="Succeeded" if ending == "Complete" else "Failed", disrupted=disrupted, exit_code=code,
            end_reason="", message=message, waiting="", waiting_message="", unschedulable="", ip="",
        )  # fmt: skip
        self.pods[name] = (pod,)
        self._put(replace(job, end=ending, reason="", ended_at=stamp(self.now), active=0))

    def lose(self, name: str) -> None:
        """Let a Job vanish."""
        self.jobs.pop(name, None)
        self.pods.pop(name, None)

    def live(self) -> list[JobView]:
        """Return the Jobs that have not ended."""
        return [job for job in self.jobs.values() if not job.end]

    def forward(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)

    def _config(self, job: JobView) -> contract.Config:
        return next(node.config for node in self.graph() if node.key == job.key)

    def _do(self, action: Action) -> None:
        match action:
            case CreateJob():
                self._make(action)
            case SuspendJob():
                self._put(replace(action.job, suspended=True, active=0))
            case ResumeJob():
                self._put(replace(action.job, suspended=False, active=1))
            case DeleteJob() | DisownJob():
                self.lose(action.job.name)

    def _make(self, action: CreateJob) -> None:
        if action.name not in self.jobs:
            self.version += 1
            self.created.append((action.node.key, action.name))
            self.jobs[action.name] = JobView(
                namespace="lab", name=action.name, uid=f"job-{self.version}", version=self.version, key=action.node.key,
                owners=(Owner(naming.KIND, UID, "toy"),), queue="", suspended=False, deleting=False, active=1, succeeded=0,
                completions=action.node.tasks, failed_indexes="", end="", reason="", message="", ended_at="",
            )  # fmt: skip
        self.made[action.name] = self.jobs[action.name].uid

    def _put(self, job: JobView) -> None:
        self.version += 1
        self.jobs[job.name] = replace(job, version=self.version)
