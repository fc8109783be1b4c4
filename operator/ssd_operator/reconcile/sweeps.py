"""The pass over a sweep: plan its cells, look at them, write the status, then make, change, stop or delete cells.

What runs in a cell is the business of the cell's own passes. As with a run, the status is written before anything is
done, under the version that was read, and what is done follows from the status and from what is seen.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ssd_operator.cluster import Api, ApiError, Cells, Key, Recorder, Store, StoredSweep, Sweeps, Unreadable, run_key
from ssd_operator.lifecycle import (
    CellAction,
    ChangeCell,
    CreateCell,
    DeleteCell,
    ResumeCell,
    SuspendCell,
    SweepInputs,
    actions_for_cells,
    advance_sweep,
    events_of_sweep,
)
from ssd_operator.reconcile import blocked
from ssd_operator.reconcile.at_once import AT_ONCE
from ssd_operator.reconcile.sweep_plans import SweepPlan, SweepPlans
from ssd_operator.reconcile.sweep_presets import SweepPresets
from ssd_operator.reconcile.unreadable import UnreadablePass
from ssd_operator.settings import Settings
from ssd_operator.spec.presets import Preset
from ssd_operator.spec.sweep_status import SweepStatus

__all__ = ["SweepReconciler"]

LOGGER = logging.getLogger(__name__)
LONGEST_REFUSAL = 1000
TAKEN = "a SelfDistillation of this name is there and is no cell of this sweep: delete it"
RETRY = timedelta(seconds=60)
"""Nothing tells when a refusal would be none any more."""


@dataclass(frozen=True)
class Refusal:
    """What keeps a cell from being made or changed."""

    message: str
    until: datetime
    """When it is tried again."""
    is_taken: bool
    """The name belongs to another resource: it is tried again as soon as that one is gone."""


class SweepReconciler:
    """Carries sweeps to their end."""

    def __init__(self, api: Api, store: Store, settings: Settings, *, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock
        self._plans = SweepPlans()
        self._presets = SweepPresets(api)
        self._sweeps = Sweeps(api, store)
        self._cells = Cells(api, store)
        self._recorder = Recorder(api, identity=settings.identity, clock=clock)
        self._unreadable = UnreadablePass(api, store, self._recorder, clock)
        self._refusals: defaultdict[Key, dict[str, Refusal]] = defaultdict(dict)
        """Sweep -> resource of a cell -> why it could not be made or changed."""

    async def prefetch(self, namespace: str) -> None:
        """Read nothing: all that a pass over a sweep needs is remembered anyway."""

    async def reconcile(self, key: Key) -> float | None:
        """Look at one sweep; return after how many seconds to look again, or None."""
        sweep = self._store.sweep(key)
        if sweep is None or sweep.deleting:
            self._forget(key)
            return None
        if isinstance(sweep, Unreadable):
            return await self._unreadable.hold(sweep)
        try:
            return await self._pass(sweep)
        except ApiError as error:
            if not error.conflict and not error.missing:
                raise
            LOGGER.info("%s: changed meanwhile, looking again (%s)", key, error)
            if await self._sweeps.read_again(sweep):
                return AT_ONCE
            raise  # no news: the queue makes the same refusal wait

    def forget_the_gone(self) -> None:
        """Drop what is known of sweeps that are gone."""
        known = set(self._store.known())
        for key in {*self._refusals, *self._plans.known()} - known:
            self._forget(key)

    def remembered(self) -> dict[str, int]:
        """Return how many things of each kind are known."""
        return {"sweepPlans": len(self._plans.known()), "cellRefusals": sum(map(len, self._refusals.values()))}

    def _forget(self, key: Key) -> None:
        """Drop what is known of a sweep."""
        self._plans.forget(key)
        self._presets.forget(key)
        self._refusals.pop(key, None)

    async def _pass(self, sweep: StoredSweep) -> float | None:
        """Observe, write, act; events are written last."""
        preset, problem = await self._presets.in_force(sweep)
        plan = SweepPlan(problem=problem) if problem else await self._plans.plan(sweep, preset)
        inputs = self._observe(sweep, plan)
        was, (inputs, status) = sweep.status, await self._advanced(sweep, preset, inputs)
        if status != was:
            sweep = await self._sweeps.write_status(sweep, status)
            LOGGER.info("%s: %s %s", sweep.key, status.phase, status.progress)
        delay = await self._act(sweep, status, inputs)
        await self._recorder.record(sweep, events_of_sweep(was, status))
        return delay if status.judgement == was.judgement else AT_ONCE

    async def _advanced(
        self, sweep: StoredSweep, preset: Preset | None, inputs: SweepInputs
    ) -> tuple[SweepInputs, SweepStatus]:
        """Return the next status, with the preset frozen before the first cell is made, and what it follows from."""
        status = advance_sweep(sweep.status, inputs)
        if preset is None or status.start_time is None:
            return inputs, status
        try:
            return inputs, status.model_copy(update={"preset": await self._presets.freeze(sweep, preset)})
        except ApiError as error:
            if not error.refused:
                raise
            inputs = replace(inputs, problem=blocked.refusal("the ConfigMap of the frozen preset", error), wanted={})
            return inputs, advance_sweep(sweep.status, inputs)

    def _observe(self, sweep: StoredSweep, plan: SweepPlan) -> SweepInputs:
        """Return all that can be seen of a sweep now."""
        cells = self._store.cells(sweep.uid)
        for name, refusal in list(self._refusals[sweep.key].items()):
            is_free = refusal.is_taken and self._store.identity(run_key(sweep.key.namespace, name)) is None
            if is_free or name not in plan.cells.keys() | cells.keys():
                del self._refusals[sweep.key][name]
        return SweepInputs(
            generation=sweep.generation,
            now=self._clock(),
            suspended=sweep.suspended,
            planning=sweep.planning,
            parallel=plan.parallel,
            max_failed=plan.max_failed,
            benchmark=plan.benchmark,
            rounds=plan.rounds,
            planned_hours=plan.planned_hours,
            gpus=plan.gpus,
            problem=plan.problem,
            promotes=plan.promotion is not None,
            wanted=plan.wanted(sweep.status.judgement, cells),
            cells=cells,
            refusals={name: each.message for name, each in self._refusals[sweep.key].items()},
        )

    async def _act(self, sweep: StoredSweep, status: SweepStatus, inputs: SweepInputs) -> float | None:
        """Do what the status as written asks for; what was refused a moment ago is not asked for again yet."""
        refusals = self._refusals[sweep.key]
        acted = False
        for action in actions_for_cells(status, inputs):
            if action.name not in refusals or refusals[action.name].until <= inputs.now:
                LOGGER.info("%s: %s %s", sweep.key, type(action).__name__, action.name)
                await self._perform_or_note(action, sweep)
                acted = True
        if acted:
            return AT_ONCE
        return min(((each.until - inputs.now).total_seconds() for each in refusals.values()), default=None)

    async def _perform_or_note(self, action: CellAction, sweep: StoredSweep) -> None:
        """Carry out an action; note why, when the API server refuses, and go on with the other cells."""
        try:
            is_taken = not await self._perform(action, sweep)
            message = TAKEN if is_taken else ""
        except ApiError as error:
            if not error.refused:
                raise
            message, is_taken = f"the API server refuses it: {error.message}", False
        if message:
            refusal = Refusal(message[:LONGEST_REFUSAL], self._clock() + RETRY, is_taken)
            self._refusals[sweep.key][action.name] = refusal
        else:
            self._refusals[sweep.key].pop(action.name, None)

    async def _perform(self, action: CellAction, sweep: StoredSweep) -> bool:
        """Carry out an action; tell whether no other resource was in its way."""
        match action:
            case CreateCell():
                return await self._cells.create(action.cell, sweep)
            case ChangeCell():
                await self._cells.change(action.view, action.cell, sweep)
            case SuspendCell():
                await self._cells.suspend(action.view, sweep, suspend=True)
            case ResumeCell():
                await self._cells.suspend(action.view, sweep, suspend=False)
            case DeleteCell():
                await self._cells.delete(action.view, sweep)
        return True
