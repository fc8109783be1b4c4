"""What the process remembers of the cluster: the newest version that it has seen of each object.

Watches feed it, and so do the answers to our own writes: a later pass never sees less than what an earlier one has
written. Older versions that arrive late are dropped. An object's absence here proves nothing; who must know asks.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Iterable
from typing import Any

from ssd_operator.cluster.doors import Kept, enter
from ssd_operator.cluster.in_use import InUse, in_use
from ssd_operator.cluster.keys import Key, ResourceIdentity, identify
from ssd_operator.cluster.resources import Ended, Live, Run
from ssd_operator.cluster.sweeps import KeptSweep, StoredSweep
from ssd_operator.cluster.unreadable import Unreadable
from ssd_operator.cluster.views import view_job, view_pod
from ssd_operator.lifecycle import CellView, JobView, PodView, Standing

__all__ = ["Store"]

Raw = dict[str, Any]
MOST_TOMBSTONES = 10_000


class Store:
    """Resources as the door lets them in, Jobs and pods as views."""

    def __init__(self) -> None:
        self._resources: dict[Key, Kept] = {}
        self._by_uid: dict[str, Key] = {}
        self._jobs: dict[tuple[str, str], JobView] = {}
        self._cells: defaultdict[str, set[Key]] = defaultdict(set)
        """Uid of a sweep -> its cells."""
        self._owned: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
        self._pods: defaultdict[tuple[str, str], dict[str, PodView]] = defaultdict(dict)
        self._tombstones: OrderedDict[str, int] = OrderedDict()

    def put_resource(self, raw: Raw) -> ResourceIdentity:
        """Remember a resource as it was sent, unless a newer version is known; return what was sent."""
        identity = identify(raw)
        if self._is_news(identity):
            self.keep_resource(enter(raw))
        return identity

    def keep_resource(self, resource: Kept) -> None:
        """Remember a resource, unless this version or a newer one is known."""
        identity = resource.identity
        if not self._is_news(identity):
            return
        self._drop(identity.key)
        self._resources[identity.key] = resource
        self._by_uid[identity.uid] = identity.key
        cell = _cell(resource)
        if cell is not None:
            self._cells[cell.sweep].add(identity.key)

    def delete_resource(self, raw: Raw) -> ResourceIdentity:
        """Forget a resource that was sent for the last time; return what was sent."""
        identity = identify(raw)
        self.drop_resource(identity)
        return identity

    def drop_resource(self, seen: ResourceIdentity) -> None:
        """Forget a resource that was deleted."""
        self._bury(seen.uid, seen.version)
        known = self.identity(seen.key)
        if known is not None and known.uid == seen.uid:
            self._drop(seen.key)

    def _drop(self, key: Key) -> None:
        """Forget a resource, if it is known."""
        known = self._resources.pop(key, None)
        if known is None:
            return
        self._by_uid.pop(known.identity.uid, None)
        cell = _cell(known)
        if cell is not None:
            self._cells[cell.sweep].discard(key)
            if not self._cells[cell.sweep]:
                del self._cells[cell.sweep]

    def resource(self, key: Key) -> Run | Ended | Unreadable | None:
        """Return a run as this process works with it, if it is known."""
        found = self._resources.get(key)
        if isinstance(found, KeptSweep):
            return None
        return found.value if isinstance(found, Live) else found

    def sweep(self, key: Key) -> StoredSweep | Unreadable | None:
        """Return a sweep, if it is known."""
        found = self._resources.get(key)
        return found.value if isinstance(found, KeptSweep) else None

    def cells(self, uid: str) -> dict[str, CellView]:
        """Return the cells of a sweep that are known, by name."""
        kept = map(self._resources.__getitem__, sorted(self._cells.get(uid, ())))
        return {view.name: view for view in map(_cell, kept) if view is not None}

    def identity(self, key: Key) -> ResourceIdentity | None:
        """Return which sight of a resource is known, if any is."""
        found = self._resources.get(key)
        return None if found is None else found.identity

    def identities(self) -> list[ResourceIdentity]:
        """Return which sight of every resource is known."""
        return [each.identity for each in self._resources.values()]

    def known(self) -> list[Key]:
        """Return every resource that is known."""
        return list(self._resources)

    def remembered(self) -> dict[str, int]:
        """Return how many objects of each kind are known."""
        pods = sum(map(len, self._pods.values()))
        return {"resources": len(self._resources), "jobs": len(self._jobs), "pods": pods}

    def in_use(self) -> InUse:
        """Return what the resources use that are known."""
        return in_use(self._resources)

    def standings(self, kind: str) -> Iterable[Standing]:
        """Return where every resource of a kind stands; the phase is empty where none is written yet."""
        return [each.standing for key, each in self._resources.items() if key.kind == kind]

    def put_job(self, raw: Raw) -> JobView:
        """Remember a Job as it was sent, unless a newer version is known; return what was sent."""
        job = view_job(raw)
        self.keep_job(job)
        return job

    def known_job(self, raw: Raw) -> JobView | None:
        """Return what is known of a Job before it is remembered as it was sent."""
        return self.job(raw["metadata"]["namespace"], raw["metadata"]["name"])

    def keep_job(self, job: JobView) -> None:
        """Remember a Job, unless a newer version is known."""
        place = (job.namespace, job.name)
        known = self._jobs.get(place)
        if self._is_dead(job.uid, job.version) or (known is not None and known.version > job.version):
            return
        self._disown(known)
        self._jobs[place] = job
        for owner in job.owners:
            self._owned[owner.uid].add(place)

    def delete_job(self, raw: Raw) -> JobView:
        """Forget a Job that was sent for the last time; return what was sent."""
        job = view_job(raw)
        self.drop_job(job.namespace, job.name, uid=job.uid, version=job.version)
        return job

    def drop_job(self, namespace: str, name: str, *, uid: str, version: int) -> None:
        """Forget a Job that was deleted."""
        self._bury(uid, version)
        known = self._jobs.get((namespace, name))
        if known is not None and known.uid == uid:
            self._disown(known)
            del self._jobs[namespace, name]

    def put_pod(self, raw: Raw) -> PodView:
        """Remember a pod as it was sent, unless a newer version is known; return what was sent."""
        pod = view_pod(raw)
        self.keep_pod(pod)
        return pod

    def keep_pod(self, pod: PodView) -> None:
        """Remember a pod, unless a newer version is known."""
        pods = self._pods[pod.namespace, pod.job]
        known = pods.get(pod.name)
        if self._is_dead(pod.uid, pod.version) or (known is not None and known.version > pod.version):
            return
        pods[pod.name] = pod

    def delete_pod(self, raw: Raw) -> PodView:
        """Forget a pod that was sent for the last time; return what was sent."""
        pod = view_pod(raw)
        self.drop_pod(pod)
        return pod

    def drop_pod(self, pod: PodView) -> None:
        """Forget a pod that was deleted."""
        self._bury(pod.uid, pod.version)
        place = (pod.namespace, pod.job)
        known = self._pods[place].get(pod.name)
        if known is not None and known.uid == pod.uid:
            del self._pods[place][pod.name]
        if not self._pods[place]:
            del self._pods[place]

    def drop_orphans(self) -> None:
        """Forget ended pods of Jobs that are gone: as no listing contains them, none shows that they went too."""
        for place in [place for place in self._pods if place not in self._jobs]:
            kept = {name: pod for name, pod in self._pods.pop(place).items() if pod.at_work}
            if kept:
                self._pods[place] = kept

    def forget(self, namespace: str) -> None:
        """Forget all of a namespace that cannot be seen any more; it may come back as it was, so nothing is buried."""
        for key in [key for key in self._resources if key.namespace == namespace]:
            self._drop(key)
        for place in [place for place in self._jobs if place[0] == namespace]:
            self._disown(self._jobs.pop(place))
        for place in [place for place in self._pods if place[0] == namespace]:
            del self._pods[place]

    def job(self, namespace: str, name: str) -> JobView | None:
        """Return a Job, if it is known."""
        return self._jobs.get((namespace, name))

    def jobs(self) -> Iterable[JobView]:
        """Return every Job that is known."""
        return list(self._jobs.values())

    def owned(self, uid: str) -> list[JobView]:
        """Return the Jobs that this resource owns."""
        return [self._jobs[place] for place in sorted(self._owned.get(uid, ()))]

    def pods(self, namespace: str, job: str) -> tuple[PodView, ...]:
        """Return the pods of a Job."""
        return tuple(self._pods.get((namespace, job), {}).values())

    def pods_at_work(self) -> list[PodView]:
        """Return every pod that had not ended when it was seen last."""
        found = (pod for pods in self._pods.values() for pod in pods.values())
        return [pod for pod in found if pod.at_work]

    def owners(self, job: JobView) -> list[Key]:
        """Return the resources that own a Job."""
        return [Key(owner.kind, job.namespace, owner.name) for owner in job.owners]

    def is_going_on(self, uid: str) -> bool:
        """Tell whether a resource is known that neither ended, nor is suspended, nor goes away."""
        key = self._by_uid.get(uid)
        return key is not None and self._resources[key].is_going_on

    def recorded(self, namespace: str, claim: str) -> frozenset[str]:
        """Return the keys of which a resource on this claim has a result."""
        found = (each for key, each in self._resources.items() if key.namespace == namespace and each.claim == claim)
        return frozenset(key for each in found for key in each.recorded)

    def _is_news(self, seen: ResourceIdentity) -> bool:
        """Tell whether neither this version nor a newer one of a resource is known, nor that it is gone."""
        known = self.identity(seen.key)
        return not self._is_dead(seen.uid, seen.version) and (known is None or known.version < seen.version)

    def _disown(self, job: JobView | None) -> None:
        """Take a Job from its owners."""
        if job is None:
            return
        for owner in job.owners:
            places = self._owned.get(owner.uid, set())
            places.discard((job.namespace, job.name))
            if not places:
                self._owned.pop(owner.uid, None)

    def _bury(self, uid: str, version: int) -> None:
        """Remember a deletion, so that an answer that was on its way does not bring the object back."""
        self._tombstones[uid] = version
        while len(self._tombstones) > MOST_TOMBSTONES:
            self._tombstones.popitem(last=False)

    def _is_dead(self, uid: str, version: int) -> bool:
        return self._tombstones.get(uid, -1) >= version


def _cell(resource: Kept) -> CellView | None:
    """Return a resource as its sweep sees it, None of one that belongs to none."""
    return None if isinstance(resource, KeptSweep) else resource.cell
