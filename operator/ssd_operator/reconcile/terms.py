"""What a run has been agreed to be: the spec in force and the claim it works on.

The spec in force is read from the ConfigMap in which it was frozen; the written one is looked at again only when the
resource's generation says that a person changed it.
"""

from __future__ import annotations

import functools
import json
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ssd_operator import manifests, naming
from ssd_operator.cluster import Api, ApiError
from ssd_operator.errors import InvalidSpec
from ssd_operator.lifecycle import effective, is_over, reasons, reopens
from ssd_operator.lifecycle.conditions import holds
from ssd_operator.lifecycle.reasons import Reason
from ssd_operator.spec import resource
from ssd_operator.spec.resolved import ResolvedSpec
from ssd_operator.spec.status import Status

__all__ = ["Blocked", "Terms", "TermsReader", "owner_reference"]

Raw = dict[str, Any]
MOST_TEXTS = 5_000
MOST_SPECS = 256
"""Read specs are ten times as large as their texts, and few resources are at work in the same minute."""
CLAIM_KNOWN_S = 60.0


class Blocked(Exception):
    """What the run needs is not there, or may not be made: a reason for programs, a sentence for people."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class Terms:
    """The spec in force, and how it relates to what was in force before."""

    spec: ResolvedSpec
    digest: str
    reopened: bool
    """A run that had ended is asked to go on."""
    kept: bool
    """It stands in the ConfigMap that the status names."""
    problem: str = ""
    """Why the newest written spec is not in force."""


def owner_reference(raw: Raw) -> Raw:
    """Return what makes an object go with the resource; no controller, since a Job may have several owners."""
    return {
        "apiVersion": naming.API_VERSION,
        "kind": naming.KIND,
        "name": raw["metadata"]["name"],
        "uid": raw["metadata"]["uid"],
        "controller": False,
        "blockOwnerDeletion": False,
    }


class TermsReader:
    """Reads and freezes specs, finds and makes claims; remembers what cannot change."""

    def __init__(self, api: Api, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._api = api
        self._clock = clock
        self._texts: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._read = functools.lru_cache(maxsize=MOST_SPECS)(_read)
        self._claims: dict[tuple[str, str], tuple[str, float]] = {}

    async def prefetch(self, namespace: str) -> None:
        """Read all frozen specs of a namespace (or of all) at once, for a fast start."""
        selector = f"{naming.LABEL_MANAGED}={naming.MANAGED_BY},!{naming.LABEL_STAGE}"
        async for found in self._api.list("ConfigMap", namespace, selector=selector):
            self._remember(found)

    async def agree(self, raw: Raw, was: Status) -> Terms:
        """Return the spec in force, or raise InvalidSpec when there is none."""
        begun = any(stage.phase != "Planned" for stage in was.stages)
        old = await self._frozen(raw, was) if was.resolved_spec is not None else None
        looked = raw["metadata"]["generation"] == was.observed_generation and holds(was, "Accepted")
        if old is not None and looked and was.resolved_spec is not None:
            return Terms(old, was.resolved_spec.digest, reopened=False, kept=True)
        try:
            written = resource.parse(raw).resolve()
        except InvalidSpec as error:
            if old is None or not begun or was.resolved_spec is None:
                raise
            return Terms(old, was.resolved_spec.digest, reopened=False, kept=True, problem=str(error))
        spec = effective(old if begun else None, written)
        reopened = is_over(was) and old is not None and reopens(old, spec)
        digest = spec.digest()
        kept = old is not None and was.resolved_spec is not None and was.resolved_spec.digest == digest
        return Terms(spec, digest, reopened=reopened, kept=kept)

    async def freeze(self, raw: Raw, terms: Terms) -> str:
        """Keep the spec in force in a ConfigMap of its own and return its name."""
        metadata = raw["metadata"]
        names = {"name": metadata["name"], "namespace": metadata["namespace"], "uid": metadata["uid"]}
        body = manifests.resolved(terms.spec, **names)
        body["metadata"]["ownerReferences"] = [owner_reference(raw)]
        try:
            await self._create(body)
        except ApiError as error:
            if not error.exists:
                raise
        self._remember(body)
        return str(body["metadata"]["name"])

    async def claim_uid(self, raw: Raw, spec: ResolvedSpec, name: str) -> str:
        """Return the claim's uid; make the claim when the resource brings a template; raise Blocked."""
        namespace = raw["metadata"]["namespace"]
        uid, known_at = self._claims.get((namespace, name), ("", float("-inf")))
        if self._clock() - known_at < CLAIM_KNOWN_S:
            return uid
        found = await self._claim(raw, spec, namespace, name)
        self._claims[namespace, name] = (found["metadata"]["uid"], self._clock())
        return str(found["metadata"]["uid"])

    async def _claim(self, raw: Raw, spec: ResolvedSpec, namespace: str, name: str) -> Raw:
        """Read the claim, or make it from the template."""
        try:
            return await self._api.get("PersistentVolumeClaim", namespace, name)
        except ApiError as error:
            if not error.missing:
                raise
            if spec.storage.template is None:
                raise Blocked(
                    reasons.CLAIM_NOT_FOUND,
                    f"PersistentVolumeClaim {name} does not exist in namespace {namespace}: "
                    "create it, or use storage.template",
                ) from None
        body = manifests.claim(spec.storage.template, name=raw["metadata"]["name"], namespace=namespace)
        if not spec.storage.retain:
            body["metadata"]["ownerReferences"] = [owner_reference(raw)]
        return await self._create(body)

    async def _create(self, body: Raw) -> Raw:
        """Make an object, or say in the API server's words why that is not allowed."""
        try:
            return await self._api.create(body)
        except ApiError as error:
            if not error.refused:
                raise
            what = f"{body['kind']} {body['metadata']['name']}"
            raise Blocked(reasons.REFUSED, f"the API server refuses {what}: {error.message}") from None

    async def _frozen(self, raw: Raw, was: Status) -> ResolvedSpec | None:
        """Return the spec that was frozen, or None when someone deleted it."""
        assert was.resolved_spec is not None
        place = (raw["metadata"]["namespace"], was.resolved_spec.config_map)
        if place not in self._texts:
            try:
                self._remember(await self._api.get("ConfigMap", *place))
            except ApiError as error:
                if not error.missing:
                    raise
        text = self._texts.get(place)
        return None if text is None else self._read(text)

    def _remember(self, config_map: Raw) -> None:
        """Keep a frozen spec; its ConfigMap is immutable and its name derives from its content."""
        if naming.SPEC not in config_map.get("data", {}):
            return
        metadata = config_map["metadata"]
        self._texts[metadata["namespace"], metadata["name"]] = config_map["data"][naming.SPEC]
        while len(self._texts) > MOST_TEXTS:
            self._texts.popitem(last=False)


def _read(text: str) -> ResolvedSpec:
    return ResolvedSpec.read_stored(json.loads(text), path="spec")
