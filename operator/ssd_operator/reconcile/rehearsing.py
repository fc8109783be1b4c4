"""What the API server says of the pods of a plan, asked anew now and then: quotas and policies may change."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from ssd_operator import manifests
from ssd_operator.cluster import Api, Key, rehearse_pod
from ssd_operator.lifecycle import RehearsedPod
from ssd_operator.manifests import Place
from ssd_operator.plan import Graph

__all__ = ["Rehearsals"]

KNOWN_S = 60.0


class Rehearsals:
    """Shows the API server one pod of each stage, in a dry run."""

    def __init__(self, api: Api, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._api = api
        self._clock = clock
        self._known: dict[Key, tuple[Place, float, Mapping[str, RehearsedPod] | None]] = {}

    def count(self) -> int:
        """Return of how many plans something is known."""
        return len(self._known)

    def forget(self, key: Key) -> None:
        """Drop what is known of a plan."""
        self._known.pop(key, None)

    async def of(self, key: Key, graph: Graph, place: Place) -> Mapping[str, RehearsedPod] | None:
        """Return what is said of each stage's pod, None where the operator may not ask."""
        known = self._known.get(key)
        if known is not None and known[0] == place and self._clock() - known[1] < KNOWN_S:
            return known[2]
        found = await self._ask(graph, place)
        self._known[key] = (place, self._clock(), found)
        return found

    async def _ask(self, graph: Graph, place: Place) -> Mapping[str, RehearsedPod] | None:
        said = {}
        for node in graph:
            pod = await rehearse_pod(self._api, manifests.job(node, place, attempt=1))
            if pod is None:
                return None
            said[node.name] = pod
        return said
