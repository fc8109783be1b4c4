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
from ssd_operator import lifecycle as core
from ssd_operator.lifecycle import JobView, Leave, Make, Owner, PodView, Remove, Resume, Scene, Stop
from ssd_operator.lifecycle.inputs import Planner, stamp
from ssd_operator.manifests import Place
from ssd_operator.spec.resolved import ResolvedSpec
from ssd_operator.spec.status import Status

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
        self.created: list[tuple[str, str]] = []
        """(key, name) of every Job that was ever made."""
        self.version = 1
        self.reopened = False
        self.planner = Planner()

    def change(self, spec: ResolvedSpec) -> None:
        """Put another spec in force."""
        self.place = replace(self.place, spec=spec)
        self.planner = Planner()

    def scene(self) -> Scene:
        """Return what is seen now."""
        names = {stage.jobs[0].name for stage in self.status.stages if stage.jobs}
        return Scene(
            name="toy",
            uid=UID,
            generation=1,
            place=self.place,
            now=self.now,
            suspended=self.suspended,
            planning=self.planning,
            jobs=dict(self.jobs),
            pods=dict(self.pods),
            absent=frozenset(names - self.jobs.keys()),
            made=dict(self.made),
            planner=self.planner,
        )

    def decide(self) -> None:
        """Let the core decide, and write the status."""
        was = core.reopen(self.status) if self.reopened else self.status
        self.reopened = False
        self.status = core.advance(was, self.scene())

    def act(self, *, most: int = 1000) -> int:
        """Do at most so many duties, and return how many were done."""
        scene = self.scene()
        found = core.duties(self.status, core.graph_of(self.status, scene), scene)[:most]
        for duty in found:
            self._do(duty)
        return len(found)

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
        graph = core.graph_of(self.status, self.scene())
        return next(node.config for node in graph if node.key == job.key)

    def _do(self, duty: core.Duty) -> None:
        match duty:
            case Make():
                self._make(duty)
            case Stop():
                self._put(replace(duty.job, suspended=True, active=0))
            case Resume():
                self._put(replace(duty.job, suspended=False, active=1))
            case Remove() | Leave():
                self.lose(duty.job.name)

    def _make(self, duty: Make) -> None:
        if duty.name not in self.jobs:
            self.version += 1
            self.created.append((duty.node.key, duty.name))
            self.jobs[duty.name] = JobView(
                namespace="lab", name=duty.name, uid=f"job-{self.version}", version=self.version, key=duty.node.key,
                owners=(Owner(UID, "toy"),), queue="", suspended=False, deleting=False, active=1, succeeded=0,
                completions=duty.node.tasks, failed_indexes="", end="", reason="", message="", ended_at="",
            )  # fmt: skip
        self.made[duty.name] = self.jobs[duty.name].uid

    def _put(self, job: JobView) -> None:
        self.version += 1
        self.jobs[job.name] = replace(job, version=self.version)
