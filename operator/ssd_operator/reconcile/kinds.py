"""The reconcilers, one for each kind of resource: the key of a resource says which one works on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from ssd_operator import naming
from ssd_operator.cluster import Api, Key, Store
from ssd_operator.reconcile.progress import Fetch, Reader
from ssd_operator.reconcile.reconciler import Changed, Reconciler
from ssd_operator.reconcile.sweeps import SweepReconciler
from ssd_operator.settings import Settings

__all__ = ["ResourceReconciler", "reconcilers"]


class ResourceReconciler(Protocol):
    """What the process asks of the reconciler of a kind."""

    async def prefetch(self, namespace: str) -> None:
        """Read at once what every pass in a namespace would ask for one by one."""

    async def reconcile(self, key: Key) -> float | None:
        """Do one pass; return after how many seconds to look again, or None."""

    def forget_the_gone(self) -> None:
        """Drop what is known of resources that are gone."""

    def remembered(self) -> dict[str, int]:
        """Return how many things of each kind are known."""


def reconcilers(
    api: Api, store: Store, settings: Settings, *, fetch: Fetch, changed: Changed
) -> Mapping[str, ResourceReconciler]:
    """Return the reconciler of every kind, over one connection and one memory; `fetch` reads a worker's metrics."""
    progress = Reader(every_s=settings.progress_s, get=fetch)
    return {
        naming.KIND: Reconciler(api, store, settings, progress=progress, clock=api.clock, changed=changed),
        naming.SWEEP_KIND: SweepReconciler(api, store, settings, clock=api.clock),
    }
