"""The pass itself: observe, decide, write the status, act. Knows no kopf and keeps no truth of its own.

The status is written before anything is done, under the version that was read: who decides from an old version is
refused before it can act, and looks again. What must be done is derived from the status as it stands, so that a crash
between writing and doing is made good by the next pass, of whichever process.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from ssd_operator import naming
from ssd_operator.cluster import Api, ApiError, Ended, Jobs, Key, Recorder, Run, Runs, Store, Unreadable
from ssd_operator.errors import InvalidSpec
from ssd_operator.lifecycle import (
    Action,
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
    retry_in,
    with_kinds,
)
from ssd_operator.lifecycle.reasons import Reason
from ssd_operator.lifecycle.results import model_of
from ssd_operator.manifests import Place
from ssd_operator.reconcile import volume_claims
from ssd_operator.reconcile.acting import Actor
from ssd_operator.reconcile.at_once import AT_ONCE
from ssd_operator.reconcile.blocked import Blocked
from ssd_operator.reconcile.ended import EndedRuns
from ssd_operator.reconcile.observing import Observer
from ssd_operator.reconcile.pacing import Pacing
from ssd_operator.reconcile.progress import Reader
from ssd_operator.reconcile.rehearsing import Rehearsals
from ssd_operator.reconcile.specs import SpecInForce, Specs
from ssd_operator.reconcile.unreadable import UnreadablePass
from ssd_operator.reconcile.volume_claims import VolumeClaims
from ssd_operator.settings import Settings
from ssd_operator.spec.status import ResolvedReference, Status

__all__ = ["Reconciler"]

LOGGER = logging.getLogger(__name__)
Changed = Callable[[Status, Status], None]
"""Called after every write of a status: with the status before and the status now."""
SEEN_WITHIN_S = 5.0
"""When a status is written at the latest that says what was seen, not what was decided."""


class Reconciler:
    """Carries resources to their end, one step at a time."""

    def __init__(
        self,
        api: Api,
        store: Store,
        settings: Settings,
        *,
        progress: Reader,
        clock: Callable[[], datetime],
        changed: Changed = lambda _was, _now: None,
        seen_within_s: float = SEEN_WITHIN_S,
    ) -> None:
        self._specs = Specs(api, settings)
        self._claims = VolumeClaims(api, settings)
        self._store = store
        self._settings = settings
        self._clock = clock
        self._changed = changed
        self._planner = Planner()
        self._pacing = Pacing(seen_within_s)
        self._known: dict[Key, str] = {}
        """Resource -> its uid, for those that were looked at and of which something may be known."""
        self._ended = EndedRuns(store, clock)
        self._runs = Runs(api, store)
        jobs = Jobs(api, store)
        self._actor = Actor(api, jobs)
        self._rehearsals = Rehearsals(api)
        self._observer = Observer(api, store, jobs, actor=self._actor, progress=progress, clock=clock)
        self._recorder = Recorder(api, identity=settings.identity, clock=clock)
        self._unreadable = UnreadablePass(api, store, self._recorder, clock)

    async def prefetch(self, namespace: str) -> None:
        """Read all frozen specs of a namespace (or of all) at once, for a fast start."""
        await self._specs.prefetch(namespace)

    async def reconcile(self, key: Key) -> float | None:
        """Look at one resource; return after how many seconds to look again, or None."""
        resource = await self._see(key)
        if resource is None or resource.deleting:
            self._forget(key)
            return None
        if isinstance(resource, Ended):
            return self._ended.next_look(resource)
        if isinstance(resource, Unreadable):
            return await self._unreadable.hold(resource)
        return await self._look_at(resource)

    async def _see(self, key: Key) -> Run | Ended | Unreadable | None:
        """Return what is known of a resource; one that is over is read as a whole when something is to be done."""
        known = self._store.resource(key)
        if isinstance(known, Ended) and not known.deleting and self._ended.is_due(known):
            return await self._runs.read(known.identity)
        return known

    async def _look_at(self, run: Run) -> float | None:
        """Do one pass; who was overtaken by a change looks again at once."""
        if self._known.get(run.key) != run.uid:
            self._forget(run.key)
        try:
            delay = await self._pass(run)
        except ApiError as error:
            if not error.conflict and not error.missing:
                raise
            LOGGER.info("%s: changed meanwhile, looking again (%s)", run.key, error)
            if await self._runs.read_again(run):
                return AT_ONCE
            raise  # no news: the queue makes the same refusal wait
        finally:
            self._known[run.key] = run.uid
        self._ended.note(run, delay)
        return delay

    def forget_the_gone(self) -> None:
        """Drop what is known of what is gone, also of what no watch saw go; after a resync the store knows what is."""
        alive = {each.key: each.uid for each in self._store.identities()}
        for key in [key for key, uid in self._known.items() if alive.get(key) != uid]:
            self._forget(key)
        in_use = self._store.in_use()
        self._actor.keep_only(in_use.jobs)
        self._claims.keep_only(in_use.claims)
        self._specs.keep_only(in_use.specs)
        self._store.drop_orphans()
        self._observer.keep_only(self._store.jobs())

    def remembered(self) -> dict[str, int]:
        """Return how many things of each kind are known, beside what the store knows."""
        return {
            "runs": len(self._known),
            "plans": self._planner.count(),
            "unwritten": self._pacing.count(),
            "rehearsed": self._rehearsals.count(),
            "claims": self._claims.count(),
            "specs": self._specs.count(),
            "created": sum(map(len, self._actor.made.values())),
            "refused": sum(map(len, self._actor.refusals.values())),
            **self._observer.remembered(),
        }

    def _forget(self, key: Key) -> None:
        """Drop what is known of a resource that is gone."""
        self._actor.forget(key)
        self._observer.forget(key)
        self._rehearsals.forget(key)
        self._planner.forget(key.namespace, key.name)
        self._known.pop(key, None)
        self._pacing.forget(key)
        self._ended.forget(key)

    async def _pass(self, run: Run) -> float | None:
        """Do one pass over what was read, or write why nothing can be done."""
        try:
            spec = await self._specs.in_force(run)
            return await self._go_on(run, spec)
        except InvalidSpec as error:
            return await self._hold(run, reasons.INVALID_SPEC, str(error), accepted=False)
        except Blocked as error:
            return await self._hold(run, error.reason, str(error), accepted=True)

    async def _go_on(self, run: Run, spec: SpecInForce) -> float | None:
        """Observe, write, act; events are written last, so that no Job waits for one."""
        place = await self._place(run, spec)
        was = with_kinds(run.status, place, name=run.key.name, uid=run.uid)
        inputs = await self._observer.observe(run, was, place, problem=spec.problem)
        if run.planning:
            graph = self._planner.graph(was, inputs)
            inputs = replace(inputs, rehearsed=await self._rehearsals.of(run.key, graph, place))
        status = advance(reopen(was) if spec.reopened else was, inputs, self._planner)
        actions = self._actions(status, inputs)
        wait_s = 0.0 if actions else self._pacing.wait_s(run.key, was, status)
        if wait_s:
            return min(wait_s, next_look(status, inputs) or wait_s)
        run = await self._write(run, was, status, spec)
        events = events_between(was, status)
        try:
            delay = None if await self._expired(run, status, inputs) else await self._act(run, status, inputs, actions)
        except ApiError:
            await self._recorder.record(run, events)
            raise
        await self._recorder.record(run, events)
        return delay

    async def _place(self, run: Run, spec: SpecInForce) -> Place:
        """Return where the stages run; a plan needs no claim, and neither does a run that has ended."""
        claim = naming.claim_of(run.key.name, spec.spec.storage.claim_name)
        free = run.planning or (is_over(run.status) and not spec.reopened)
        claim_uid = "" if free else await self._claims.uid(run, spec.spec, claim)
        volume_claims.check_is_same(run.status, spec.spec, name=claim, uid=claim_uid)
        return Place(
            experiment=run.key.name,
            namespace=run.key.namespace,
            claim=claim,
            claim_uid=claim_uid,
            spec=spec.spec,
            settings=self._settings,
        )

    async def _write(self, run: Run, was: Status, status: Status, spec: SpecInForce) -> Run:
        """Write the status when it differs, and return the run as it is then."""
        begun = any(stage.phase != "Planned" for stage in status.stages)
        if begun and not spec.is_frozen:
            # Frozen before the status names it: a crash in between leaves a ConfigMap too many, never one too few.
            name = await self._specs.freeze(run, spec.spec)
            status = status.model_copy(update={"resolved_spec": ResolvedReference(config_map=name, digest=spec.digest)})
        if status == was:
            return run
        run = await self._send(run, status)
        self._changed(was, status)
        return run

    async def _send(self, run: Run, status: Status) -> Run:
        """Write a status, and log the decision in one line."""
        run = await self._runs.write_status(run, status)
        self._pacing.forget(run.key)
        LOGGER.info("%s: %s", run.key, _line(status))
        return run

    async def _act(self, run: Run, status: Status, inputs: Inputs, actions: list[Action]) -> float | None:
        """Do what the status as written asks for."""
        refused = dict(self._actor.refusals[run.key])
        place = replace(inputs.place, model=model_of(status))
        for action in actions:
            await self._actor.perform(action, run, place)
        if not any(isinstance(action, CreateJob) for action in actions):
            return next_look(status, inputs)
        if self._actor.refusals[run.key] != refused:
            return AT_ONCE
        return retry_in(status, inputs.now) if refused else self._pacing.wait_most_s

    def _actions(self, status: Status, inputs: Inputs) -> list[Action]:
        """Return what is to be done; for a run that is over and has no Jobs no plan is made to find that out."""
        if is_over(status) and not inputs.jobs:
            return []
        return actions_for(status, self._planner.graph(status, inputs), inputs)

    async def _expired(self, run: Run, status: Status, inputs: Inputs) -> bool:
        """Delete the resource when its time to live is over."""
        moment = expires(status, inputs)
        if moment is None or inputs.now < moment:
            return False
        LOGGER.info("%s: deleted, ttlAfterFinished is over", run.key)
        await self._runs.delete(run)
        return True

    async def _hold(self, run: Run, reason: Reason, message: str, *, accepted: bool) -> float | None:
        """Write into the status why nothing can be done."""
        status = hold(
            run.status, reason=reason, message=message, accepted=accepted, now=self._clock(), generation=run.generation
        )
        if status != run.status:
            written = await self._send(run, status)
            await self._recorder.record(written, events_between(run.status, status))
        return retry_in(status, self._clock()) if accepted else None


def _line(status: Status) -> str:
    """Return the decision in one line."""
    stages = " ".join(f"{each.name}={each.phase}" for each in status.stages if each.phase != "Planned")
    return f"{status.phase} {stages}"
