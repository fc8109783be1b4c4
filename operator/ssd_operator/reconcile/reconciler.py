"""The pass itself: observe, decide, write the status, act. Knows no kopf and keeps no truth of its own.

The status is written before anything is done, under the version that was read: who decides from an old version is
refused before it can act, and looks again. What must be done is derived from the status as it stands, so that a crash
between writing and doing is made good by the next pass, of whichever process.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from ssd_operator import naming
from ssd_operator.cluster import Api, ApiError, Key, Store
from ssd_operator.errors import InvalidSpec
from ssd_operator.lifecycle import (
    CreateJob,
    Inputs,
    Planner,
    actions_for,
    advance,
    events_between,
    expires,
    hold,
    is_over,
    next_look,
    reasons,
    reopen,
    with_kinds,
)
from ssd_operator.lifecycle.reasons import Reason
from ssd_operator.manifests import Place
from ssd_operator.reconcile.acting import Actor
from ssd_operator.reconcile.events import Recorder
from ssd_operator.reconcile.observing import Observer
from ssd_operator.reconcile.progress import Reader
from ssd_operator.reconcile.terms import Blocked, Terms, TermsReader
from ssd_operator.settings import Settings
from ssd_operator.spec.status import ResolvedReference, Status

__all__ = ["Reconciler"]

LOGGER = logging.getLogger(__name__)
Raw = dict[str, Any]
Changed = Callable[[Raw, Status, Status], None]
"""Called after every write of a status: with the resource, its status before, and its status now."""
AT_ONCE = 0.0
HELD_RETRY_S = 30.0


def _now() -> datetime:
    return datetime.now(tz=UTC)


class Reconciler:
    """Carries resources to their end, one step at a time."""

    def __init__(
        self,
        api: Api,
        store: Store,
        settings: Settings,
        *,
        progress: Reader | None = None,
        clock: Callable[[], datetime] = _now,
        changed: Changed = lambda _raw, _was, _now: None,
    ) -> None:
        self.terms = TermsReader(api)
        self._api = api
        self._store = store
        self._settings = settings
        self._clock = clock
        self._changed = changed
        self._planner = Planner()
        self._actor = Actor(api, store)
        self._observer = Observer(api, store, progress or Reader(every_s=settings.progress_s))
        self._recorder = Recorder(api, identity=settings.identity, clock=clock)

    async def reconcile(self, key: Key) -> float | None:
        """Look at one resource; return after how many seconds to look again, or None."""
        raw = self._store.resources.get(key)
        if raw is None or "deletionTimestamp" in raw["metadata"]:
            self._actor.forget(key)
            self._observer.forget(key)
            self._planner.forget(key.namespace, key.name)
            return None
        try:
            return await self._pass(key, raw)
        except ApiError as error:
            if not error.conflict and not error.missing:
                raise
            LOGGER.info("%s: changed meanwhile, looking again (%s)", key, error)
            if await self._refresh(key, raw):
                return AT_ONCE
            raise

    async def _pass(self, key: Key, raw: Raw) -> float | None:
        """Do one pass over what was read, or say why nothing can be done."""
        was = Status.read(raw.get("status", {}), path="status")
        try:
            terms = await self.terms.agree(raw, was)
        except InvalidSpec as error:
            return await self._hold(raw, was, reasons.INVALID_SPEC, str(error), accepted=False)
        try:
            return await self._go_on(key, raw, was, terms)
        except Blocked as error:
            return await self._hold(raw, was, error.reason, str(error), accepted=True)

    async def _go_on(self, key: Key, raw: Raw, was: Status, terms: Terms) -> float | None:
        """Observe, write, act; events are written last, so that no Job waits for one."""
        place = await self._place(raw, terms, over=is_over(was) and not terms.reopened)
        was = with_kinds(was, place, name=key.name, uid=raw["metadata"]["uid"])
        inputs = await self._observe(key, raw, was, terms, place)
        status = advance(reopen(was) if terms.reopened else was, inputs, self._planner)
        raw = await self._write(raw, was, status, terms)
        events = events_between(was, status)
        try:
            delay = None if await self._expired(key, raw, status, inputs) else await self._act(key, raw, status, inputs)
        except ApiError:
            await self._recorder.record(raw, events)
            raise
        await self._recorder.record(raw, events)
        return delay

    async def _place(self, raw: Raw, terms: Terms, *, over: bool) -> Place:
        """Return where the stages run; a plan needs no claim, and neither does a run that has ended."""
        spec, name = terms.spec, raw["metadata"]["name"]
        claim = naming.claim_of(name, spec.storage.claim_name)
        free = raw["spec"].get("mode", "Run") == "Plan" or over
        return Place(
            experiment=name,
            namespace=raw["metadata"]["namespace"],
            claim=claim,
            claim_uid="" if free else await self.terms.claim_uid(raw, spec, claim),
            spec=spec,
            settings=self._settings,
        )

    async def _observe(self, key: Key, raw: Raw, was: Status, terms: Terms, place: Place) -> Inputs:
        """Return all that the next status is made from."""
        return await self._observer.observe(
            raw,
            was,
            place,
            problem=terms.problem,
            made=self._actor.made[key],
            refusals=self._actor.refusals[key],
            now=self._clock(),
        )

    async def _write(self, raw: Raw, was: Status, status: Status, terms: Terms) -> Raw:
        """Write the status when it differs, and return the resource as it is then."""
        begun = any(stage.phase != "Planned" for stage in status.stages)
        if begun and not terms.kept:
            name = await self.terms.freeze(raw, terms)
            reference = ResolvedReference(config_map=name, digest=terms.digest)
            status = status.model_copy(update={"resolved_spec": reference})
        if status == was:
            return raw
        answer = await self._send(raw, status)
        self._changed(raw, was, status)
        return answer

    async def _send(self, raw: Raw, status: Status) -> Raw:
        """Write a status under the version that was read, and remember the answer."""
        document = status.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
        answer = await self._api.replace_status({**raw, "status": document})
        self._store.put_resource(answer)
        LOGGER.info("%s/%s: %s", raw["metadata"]["namespace"], raw["metadata"]["name"], _line(status))
        return answer

    async def _act(self, key: Key, raw: Raw, status: Status, inputs: Inputs) -> float | None:
        """Do what the status as written asks for."""
        if is_over(status) and not inputs.jobs:
            actions = []  # most runs are over: no plan is made for them
        else:
            actions = actions_for(status, self._planner.graph(status, inputs), inputs)
        refused = dict(self._actor.refusals[key])
        for action in actions:
            await self._actor.perform(action, raw, inputs.place)
        makes = [action for action in actions if isinstance(action, CreateJob)]
        if makes and self._actor.refusals[key] == refused and refused:
            return HELD_RETRY_S
        return AT_ONCE if makes else next_look(status, inputs)

    async def _expired(self, key: Key, raw: Raw, status: Status, inputs: Inputs) -> bool:
        """Delete the resource when its time to live is over."""
        moment = expires(status, inputs)
        if moment is None or inputs.now < moment:
            return False
        metadata = raw["metadata"]
        conditions = {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}
        LOGGER.info("%s: deleted, ttlAfterFinished is over", key)
        await self._api.delete(naming.KIND, key.namespace, key.name, preconditions=conditions, foreground=False)
        return True

    async def _hold(self, raw: Raw, was: Status, reason: Reason, message: str, *, accepted: bool) -> float | None:
        """Write into the status why nothing can be done."""
        generation = raw["metadata"]["generation"]
        status = hold(was, reason=reason, message=message, accepted=accepted, now=self._clock(), generation=generation)
        if status != was:
            await self._send(raw, status)
            await self._recorder.record(raw, events_between(was, status))
        return HELD_RETRY_S if accepted else None

    async def _refresh(self, key: Key, raw: Raw) -> bool:
        """Read the resource again; tell whether that is news, so that the same refusal is not asked for at once."""
        metadata = raw["metadata"]
        try:
            self._store.put_resource(await self._api.get(naming.KIND, key.namespace, key.name))
        except ApiError as error:
            if not error.missing:
                raise
            self._store.drop_resource(key, uid=metadata["uid"], version=int(metadata["resourceVersion"]))
        found = self._store.resources.get(key)
        return found is None or found["metadata"]["resourceVersion"] != metadata["resourceVersion"]


def _line(status: Status) -> str:
    """Return the decision in one line."""
    stages = " ".join(f"{each.name}={each.phase}" for each in status.stages if each.phase != "Planned")
    return f"{status.phase} {stages}"
