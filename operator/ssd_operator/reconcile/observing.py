"""What is seen of a resource: from memory where that is safe, from the API server where absence would mean something.

That a Job is gone, or that a pod left no words, is believed only when the API server says so now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial

from ssd_jobs import contract
from ssd_operator import naming
from ssd_operator.cluster import Api, Jobs, Key, Run, Store, pod_refusal, quotas, scale_up
from ssd_operator.lifecycle import Inputs, JobView, PodView, is_asked, is_homeless, is_podless, is_watched
from ssd_operator.lifecycle.results import result_of
from ssd_operator.manifests import Place
from ssd_operator.reconcile.acting import Actor
from ssd_operator.reconcile.admission import Admissions
from ssd_operator.reconcile.progress import Reader, url
from ssd_operator.reconcile.words import Words
from ssd_operator.spec.status import ProgressStatus, StageStatus, Status

__all__ = ["Observer"]


class Observer:
    """Observes resources."""

    def __init__(
        self, api: Api, store: Store, jobs: Jobs, *, actor: Actor, progress: Reader, clock: Callable[[], datetime]
    ) -> None:
        self._api = api
        self._actor = actor
        self._clock = clock
        self._store = store
        self._requests = jobs
        self._progress = progress
        self._admissions = Admissions(api)
        self._pod_refusals = Words[JobView](partial(pod_refusal, api))
        self._scale_ups = Words[PodView](partial(scale_up, api))

    def forget(self, key: Key) -> None:
        """Drop what is known of a resource."""
        self._progress.forget(key)

    def remembered(self) -> dict[str, int]:
        """Return how many things of each kind are known."""
        return {
            "stages": self._progress.count(),
            "queued": self._admissions.count(),
            "podless": self._pod_refusals.count(),
            "scaling": self._scale_ups.count(),
        }

    def keep_only(self, jobs: Iterable[JobView]) -> None:
        """Drop what is known of other Jobs than these."""
        alive = {job.uid for job in jobs}
        self._admissions.keep_only(alive)
        self._pod_refusals.keep_only(alive)
        self._scale_ups.keep_only({pod.uid for pod in self._store.pods_at_work()})

    async def observe(self, run: Run, was: Status, place: Place, *, problem: str) -> Inputs:
        """Return all that can be seen of a resource now; `problem` is what is wrong with its newest spec."""
        key = run.key
        live = [stage for stage in was.stages if is_watched(stage)]
        jobs, absent = await self._jobs(key, run.uid, live)
        pods = {stage.jobs[0].name: await self._pods(key, stage, jobs) for stage in live}
        return Inputs(
            name=key.name,
            uid=run.uid,
            generation=run.generation,
            place=place,
            now=self._clock(),
            suspended=run.suspended,
            planning=run.planning,
            sweep_uid=run.sweep_uid,
            problem=problem,
            jobs=jobs,
            pods=pods,
            absent=absent,
            made=self._actor.made[key],
            refusals=self._actor.refusals[key],
            wanted=self._wanted(run.uid, jobs),
            queued=await self._queued(live, jobs) if place.settings.kueue else {},
            podless=await self._podless([jobs[name] for name in pods if name in jobs], pods),
            scaling=await self._scaling(pods),
            progress=self._read_progress(key, live, pods, place),
            collecting=self._collecting(key.namespace, place.claim_uid),
            recorded=self._store.recorded(key.namespace, place.claim) if run.planning else frozenset(),
            quotas=await quotas(self._api, key.namespace) if run.planning else {},
        )

    async def _jobs(self, key: Key, uid: str, live: list[StageStatus]) -> tuple[dict[str, JobView], frozenset[str]]:
        """Return the Jobs of a resource, and those that are certainly gone."""
        jobs = {job.name: job for job in self._store.owned(uid)}
        absent = set()
        for stage in live:
            [reference] = stage.jobs
            job = self._store.job(key.namespace, reference.name)
            if job is None and (reference.uid or reference.name in self._actor.made[key]):
                job = await self._requests.read(key.namespace, reference.name)
                if job is None:
                    absent.add(reference.name)
            if job is not None:
                jobs[job.name] = job
        return jobs, frozenset(absent)

    async def _pods(self, key: Key, stage: StageStatus, jobs: dict[str, JobView]) -> tuple[PodView, ...]:
        """Return a stage's pods; when their last words decide, those that the API server has."""
        name = stage.jobs[0].name
        known = self._store.pods(key.namespace, name)
        job = jobs.get(name)
        if job is None or not job.end:
            return known
        has_result = contract.STAGES[stage.kind].result is not contract.StageDone
        if job.end == "Complete" and (not has_result or result_of(known) is not None):
            return known
        return await self._requests.pods(key.namespace, name)

    async def _queued(self, live: list[StageStatus], jobs: dict[str, JobView]) -> dict[str, str]:
        """Return what Kueue says of the Jobs that it has not let run."""
        messages = {}
        for job in (jobs[stage.jobs[0].name] for stage in live if stage.jobs[0].name in jobs):
            if job.queue and job.suspended and not job.end:
                messages[job.name] = await self._admissions.message(job)
            else:
                self._admissions.forget(job.uid)
        return messages

    async def _podless(self, jobs: list[JobView], pods: dict[str, tuple[PodView, ...]]) -> dict[str, str]:
        """Return who refuses the pods of Jobs that should have some."""
        now = self._clock()
        return {job.name: await self._pod_refusals.message(job) for job in jobs if is_podless(job, pods[job.name], now)}

    async def _scaling(self, pods: dict[str, tuple[PodView, ...]]) -> dict[str, str]:
        """Return how the cluster makes a node, for the first pod of each Job that has none."""
        homeless = (next((pod for pod in each if is_homeless(pod)), None) for each in pods.values())
        return {pod.name: await self._scale_ups.message(pod) for pod in homeless if pod is not None}

    def _collecting(self, namespace: str, claim_uid: str) -> str:
        """Return the Job that removes artifacts from a claim, empty while there is none."""
        job = self._store.job(namespace, naming.collecting_job_name(claim_uid, remove=True))
        return "" if job is None or job.end else job.name

    def _wanted(self, uid: str, jobs: dict[str, JobView]) -> dict[str, str]:
        """Return for each Job another resource that wants it to go on."""
        wanted_by = {}
        for job in jobs.values():
            for owner in job.owners:
                if owner.uid != uid and self._store.is_going_on(owner.uid):
                    wanted_by[job.name] = owner.name
        return wanted_by

    def _read_progress(
        self, key: Key, live: list[StageStatus], pods: dict[str, tuple[PodView, ...]], place: Place
    ) -> dict[str, ProgressStatus]:
        """Ask the one pod that speaks for a running stage: rank zero, or the only one."""
        port = place.settings.worker_metrics_port
        read = {}
        for stage in live:
            running = [pod for pod in pods[stage.jobs[0].name] if pod.phase == "Running" and pod.ip]
            first = next((pod for pod in running if pod.index == 0), None)
            if port and first is not None and is_asked(stage):
                progress = self._progress.read(key, stage.name, url(first.ip, port))
                if progress is not None:
                    read[stage.name] = progress
        return read
