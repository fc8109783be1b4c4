"""The spec in force of a run: read from the ConfigMap in which it was frozen, once a stage has begun.

The written spec is looked at again only when the resource's generation says that a person changed it.
"""

from __future__ import annotations

import functools
import json
from collections import OrderedDict
from collections.abc import Set
from dataclasses import dataclass

from ssd_operator import manifests
from ssd_operator.cluster import Api, FrozenText, FrozenTexts, Run
from ssd_operator.errors import InvalidSpec
from ssd_operator.lifecycle import effective, is_over, reasons, reopens, upgrade_needed
from ssd_operator.lifecycle.conditions import holds
from ssd_operator.reconcile.blocked import Blocked, blocking_on_refusal
from ssd_operator.settings import Settings
from ssd_operator.spec import condition_types
from ssd_operator.spec.resolved import ResolvedSpec
from ssd_operator.spec.status import ResolvedReference, Status

__all__ = ["SpecInForce", "Specs"]

MOST_TEXTS = 5_000
MOST_SPECS = 256
"""Read specs are ten times as large as their texts, and few resources are at work in the same minute."""


@dataclass(frozen=True)
class SpecInForce:
    """The spec in force, and how it relates to what was in force before."""

    spec: ResolvedSpec
    digest: str
    reopened: bool
    """A run that had ended is asked to go on."""
    is_frozen: bool
    """It stands in the ConfigMap that the status names."""
    problem: str = ""
    """Why the newest written spec is not in force."""


class Specs:
    """Reads and freezes specs; remembers what cannot change."""

    def __init__(self, api: Api, settings: Settings) -> None:
        self._stored = FrozenTexts(api)
        self._settings = settings
        self._texts: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._read = functools.lru_cache(maxsize=MOST_SPECS)(_read)

    def count(self) -> int:
        """Return how many frozen specs are known."""
        return len(self._texts)

    async def prefetch(self, namespace: str) -> None:
        """Read all frozen specs of a namespace (or of all) at once, for a fast start."""
        async for frozen in self._stored.list(namespace):
            self._remember(frozen)

    def keep_only(self, places: Set[tuple[str, str]]) -> None:
        """Drop what is known of other ConfigMaps than these, each a namespace and a name."""
        for place in self._texts.keys() - places:
            del self._texts[place]

    async def in_force(self, run: Run) -> SpecInForce:
        """Return the spec in force, or raise InvalidSpec when there is none."""
        was = run.status
        begun = any(stage.phase != "Planned" for stage in was.stages)
        frozen = await self._frozen(run.key.namespace, was)
        digest = was.resolved_spec.digest if was.resolved_spec is not None else ""
        unchanged = run.generation == was.observed_generation and holds(was, condition_types.ACCEPTED)
        if frozen is not None and unchanged:
            return SpecInForce(frozen, digest, reopened=False, is_frozen=True)
        try:
            written = run.resolve()
        except InvalidSpec as error:
            if frozen is None or not begun:
                raise
            return SpecInForce(frozen, digest, reopened=False, is_frozen=True, problem=str(error))
        spec = effective(frozen if begun else None, written)
        if is_over(was) and frozen is None and was.resolved_spec is not None:
            return _after_the_end(spec, was, was.resolved_spec)
        reopened = is_over(was) and frozen is not None and reopens(frozen, spec)
        now = spec.digest()
        return SpecInForce(spec, now, reopened=reopened, is_frozen=frozen is not None and digest == now)

    async def freeze(self, run: Run, spec: ResolvedSpec) -> str:
        """Keep the spec in force in a ConfigMap of its own and return its name."""
        pod = manifests.common_pod(spec, self._settings)
        body = manifests.resolved(spec, pod, name=run.key.name, namespace=run.key.namespace, uid=run.uid)
        with blocking_on_refusal("the ConfigMap of the frozen spec"):
            frozen = await self._stored.create(body, owner=run.owner_reference())
        self._remember(frozen)
        return frozen.name

    async def _frozen(self, namespace: str, was: Status) -> ResolvedSpec | None:
        """Return the spec that was frozen, or None when none was, or someone deleted it."""
        if was.resolved_spec is None:
            return None
        place = (namespace, was.resolved_spec.config_map)
        if place not in self._texts:
            stored = await self._stored.read(*place)
            if stored is not None:
                self._remember(stored)
        text = self._texts.get(place)
        try:
            return None if text is None else self._read(text)
        except (InvalidSpec, ValueError) as error:
            subject = f"the spec in ConfigMap {place[1]}"
            raise Blocked(reasons.UPGRADE_NEEDED, upgrade_needed(subject, str(error))) from None

    def _remember(self, frozen: FrozenText) -> None:
        """Keep a frozen spec, which never changes under its name."""
        self._texts[frozen.namespace, frozen.name] = frozen.text
        while len(self._texts) > MOST_TEXTS:
            self._texts.popitem(last=False)


def _after_the_end(spec: ResolvedSpec, was: Status, lost: ResolvedReference) -> SpecInForce:
    """Return the spec of a run that has ended and whose frozen spec somebody deleted.

    The status still has the digest and the nonces. So the same spec is frozen again, and a new nonce reopens the run;
    whether any other change would is not known, so that nothing is begun for it.
    """
    now = spec.digest()
    reopened = spec.rerun.added_to(was.reruns) != was.reruns
    if reopened or now == lost.digest:
        return SpecInForce(spec, now, reopened=reopened, is_frozen=False)
    problem = (
        f"ConfigMap {lost.config_map}, which held the spec in force, was deleted, so a change cannot be compared "
        "with it: set spec.rerun with a new nonce to let the run go on with the spec as it is written"
    )
    return SpecInForce(spec, lost.digest, reopened=False, is_frozen=True, problem=problem)


def _read(text: str) -> ResolvedSpec:
    return ResolvedSpec.read_stored(json.loads(text), path="spec")
