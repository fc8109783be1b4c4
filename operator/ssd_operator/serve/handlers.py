"""kopf watches, and does nothing else.

Each event updates what is remembered and names the resources that may be concerned; the queue does the rest. What kopf
would do with an event, to find and call handlers and to remember what they did, is left out: see `deliver_directly`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import kopf

from ssd_operator.cluster import SELECTOR, Key, Raw, Store, is_asked, key_of, sweep_of
from ssd_operator.serve.health import JOB, POD, RESOURCE
from ssd_operator.serve.namespaces import Namespaces
from ssd_operator.serve.queue import WorkQueue
from ssd_operator.serve.watches import JOBS, PODS, WATCHED, Login
from ssd_operator.settings import Settings

__all__ = ["Dispatcher", "registry", "watch_settings"]


class Dispatcher:
    """From an event to the keys of the resources that it concerns."""

    def __init__(
        self,
        store: Store,
        queue: WorkQueue[Key],
        *,
        on_event: Callable[[str], None] = lambda _watch: None,
        on_end: Callable[[Key], None] = lambda _key: None,
    ) -> None:
        self._store = store
        self._queue = queue
        self._on_event = on_event
        self._on_end = on_end
        self._receivers = {JOBS: self.job, PODS: self.pod}

    def event(self, plural: str, kind: str | None, raw: Raw) -> None:
        """Something happened to an object of a kind that is watched."""
        self._receivers.get(plural, self.resource)(kind, raw)

    def resource(self, kind: str | None, raw: Raw) -> None:
        """A resource was made, changed or deleted: it, its sweep, and those that share Jobs with it, look again.

        It looks at once at what a person wants, and not at all at what this process has written itself.
        """
        self._on_event(RESOURCE)
        before = self._store.identity(key_of(raw))
        seen = self._store.delete_resource(raw) if kind == "DELETED" else self._store.put_resource(raw)
        if kind == "DELETED" or is_asked(raw):
            self._queue.add(seen.key)
        elif self._store.identity(seen.key) != before:
            self._queue.add_soon(seen.key)
        sweep = sweep_of(raw)
        if sweep is not None:
            self._queue.add_soon(sweep)
        for job in self._store.owned(seen.uid):
            for owner in self._store.owners(job):
                if owner != seen.key:
                    self._queue.add_soon(owner)

    def job(self, kind: str | None, raw: Raw) -> None:
        """A Job changed: its owners look again, at once and before all others when it has ended."""
        self._on_event(JOB)
        known = self._store.known_job(raw)
        job = self._store.delete_job(raw) if kind == "DELETED" else self._store.put_job(raw)
        has_ended = bool(job.end) and not (known is not None and known.end)
        for owner in self._store.owners(job):
            if has_ended:
                self._on_end(owner)
                self._queue.add(owner, early=True)
            else:
                self._queue.add_soon(owner)

    def pod(self, kind: str | None, raw: Raw) -> None:
        """A pod changed: the owners of its Job look again."""
        self._on_event(POD)
        pod = self._store.delete_pod(raw) if kind == "DELETED" else self._store.put_pod(raw)
        job = self._store.job(pod.namespace, pod.job)
        for owner in self._store.owners(job) if job is not None else ():
            self._queue.add_soon(owner)


def registry(namespaces: Namespaces, *, kubeconfig: Path | None) -> kopf.OperatorRegistry:
    """Return what kopf watches: the kinds that have a handler, though none is called.

    Credentials come from the pod, or from the kubeconfig that the process was given.
    """
    handlers = kopf.OperatorRegistry()
    login = Login(kopf.login_with_service_account if kubeconfig is None else kopf.login_with_kubeconfig, namespaces)

    @kopf.on.login(registry=handlers)
    async def _login(**kwargs: Any) -> Any:
        return await login(**kwargs)

    async def _watched(**_: Any) -> None:
        """Be there."""

    for watched in WATCHED:
        kopf.on.event(*watched, registry=handlers)(_watched)
    return handlers


def watch_settings(settings: Settings) -> kopf.OperatorSettings:
    """Return kopf's settings: filters on the server, no peering, no events of its own."""
    kopf_settings = kopf.OperatorSettings()
    kopf_settings.watching.label_selectors["batch", "v1", "jobs"] = SELECTOR
    kopf_settings.watching.label_selectors["v1/pods"] = SELECTOR
    kopf_settings.watching.chunk_size = 500
    kopf_settings.networking.request_timeout = 30
    kopf_settings.posting.enabled = False
    kopf_settings.peering.standalone = True
    kopf_settings.scanning.disabled = bool(settings.namespaces)
    return kopf_settings
