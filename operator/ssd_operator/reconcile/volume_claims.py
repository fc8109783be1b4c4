"""The claim that a run works on: it is found, or created from the template that the resource brings."""

from __future__ import annotations

import time
from collections.abc import Callable, Set

from ssd_operator import manifests
from ssd_operator.cluster import Api, Claims, Run
from ssd_operator.lifecycle import reasons
from ssd_operator.reconcile.blocked import Blocked, blocking_on_refusal
from ssd_operator.settings import Settings
from ssd_operator.spec.resolved import ResolvedSpec
from ssd_operator.spec.status import Status

__all__ = ["VolumeClaims", "check_is_same"]

KNOWN_S = 60.0


def check_is_same(was: Status, spec: ResolvedSpec, *, name: str, uid: str) -> None:
    """Raise Blocked when the claim is another one than that on which a run's finished stages wrote.

    A new nonce from Prepare is the way out: it does everything again.
    """
    replaced = uid and was.claim_uid and uid != was.claim_uid
    finished = any(stage.phase == "Succeeded" for stage in was.stages)
    again = spec.rerun.start == "Prepare" and spec.rerun.added_to(was.reruns) != was.reruns
    if replaced and finished and not again:
        raise Blocked(
            reasons.CLAIM_REPLACED,
            f"PersistentVolumeClaim {name} was made anew: what the finished stages wrote is not on it; bring the old "
            "volume back under that name, or set spec.rerun from Prepare with a new nonce to do everything again",
        )


class VolumeClaims:
    """Finds and creates claims; remembers their uids for a while."""

    def __init__(self, api: Api, settings: Settings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._claims = Claims(api)
        self._settings = settings
        self._clock = clock
        self._known: dict[tuple[str, str], tuple[str, float]] = {}

    def count(self) -> int:
        """Return of how many claims something is known."""
        return len(self._known)

    async def uid(self, run: Run, spec: ResolvedSpec, name: str) -> str:
        """Return the claim's uid; create the claim when the resource brings a template; raise Blocked."""
        namespace = run.key.namespace
        uid, known_at = self._known.get((namespace, name), ("", float("-inf")))
        if self._clock() - known_at < KNOWN_S:
            return uid
        uid = await self._find_or_create(run, spec, name)
        self._known[namespace, name] = (uid, self._clock())
        return uid

    def keep_only(self, places: Set[tuple[str, str]]) -> None:
        """Drop what is known of other claims than these, each a namespace and a name."""
        for place in self._known.keys() - places:
            del self._known[place]

    async def _find_or_create(self, run: Run, spec: ResolvedSpec, name: str) -> str:
        """Return the uid of the claim that is there, or of the one that is made now."""
        namespace = run.key.namespace
        uid = await self._claims.uid(namespace, name)
        if uid is not None:
            return uid
        if spec.storage.template is None:
            raise Blocked(
                reasons.CLAIM_NOT_FOUND,
                f"PersistentVolumeClaim {name} does not exist in namespace {namespace}: "
                "create it, or use storage.template",
            )
        pod = manifests.common_pod(spec, self._settings)
        body = manifests.claim(spec.storage.template, pod, name=run.key.name, namespace=namespace)
        with blocking_on_refusal(f"PersistentVolumeClaim {name}"):
            return await self._claims.create(body, owner=None if spec.storage.retain else run.owner_reference())
