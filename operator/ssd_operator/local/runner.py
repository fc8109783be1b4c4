"""Carries out a graph on one machine.

Level-triggered as the operator is: look at what has finished, plan, start what is ready, again. What has
finished is read from disk (a manifest with the right key), so that a run resumes after Ctrl-C or kill -9 where it
stopped, and a second run does nothing.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from ssd_jobs import contract
from ssd_operator import plan
from ssd_operator.lifecycle.outcome import for_report, overdue
from ssd_operator.local import attempts, cache, processes
from ssd_operator.local.attempts import WaitBudget
from ssd_operator.local.machine import Machine
from ssd_operator.local.shared import SharedStages
from ssd_operator.local.state import Phase, RunState, StageState
from ssd_operator.local.workdir import Workdir
from ssd_operator.spec import scalars
from ssd_operator.spec.resolved import ResolvedSpec

__all__ = ["AWAY", "Listener", "Runner"]

AWAY = "waits for something outside that is away"
NO_ROOM = "waits for free CPUs or GPUs"

Listener = Callable[[plan.Node, StageState], None]


class Runner:
    """One run of one experiment."""

    def __init__(
        self,
        spec: ResolvedSpec,
        state: RunState,
        workdir: Workdir,
        machine: Machine,
        platform: plan.Platform,
        *,
        wait_budget: WaitBudget,
        listener: Listener,
        run_process: attempts.RunProcess = processes.run,
        shared: SharedStages | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._spec = spec
        self._state = state
        self._workdir = workdir
        self._machine = machine
        self._platform = platform
        self._wait_budget = wait_budget
        self._listener = listener
        self._run_process = run_process
        self._shared = shared or SharedStages()
        self._clock = clock
        self._away: set[str] = set()
        """Stages that this run does not try again: what they wait for stayed away."""
        self._running: dict[str, asyncio.Task[None]] = {}
        self.graph = self._plan()

    async def run(self) -> RunState:
        """Run until every stage has an end, good or bad, or waits in vain for what is away."""
        self._machine.check(self.graph)
        began, before = self._clock(), self._state.seconds
        try:
            while True:
                self._state.seconds = before + self._clock() - began
                left = scalars.seconds(self._spec.deadline) - self._state.seconds
                if left <= 0:
                    await self._give_up()
                self._advance()
                if not self._running:
                    return self._state
                await asyncio.wait(self._running.values(), timeout=left, return_when=asyncio.FIRST_COMPLETED)
                self._collect()
        finally:
            self._state.seconds = before + self._clock() - began
            await self._stop()

    async def _give_up(self) -> None:
        """End everything at the deadline; what has finished stays."""
        running = set(self._running)
        await self._stop()
        self._running.clear()
        for node in self._plan():
            if self._phase(node.name, node.key) == "Pending":
                phase: Phase = "Failed" if node.name in running else "Skipped"
                self._move(node, self._state.stage(node), phase, overdue(self._spec.deadline))

    def _advance(self) -> None:
        """Start and skip what can be; a skipped stage changes the plan of what comes after it."""
        skipped = True
        while skipped:
            self.graph = self._plan()
            skipped = any(self._start_or_skip(node) for node in self.graph)

    def _plan(self) -> plan.Graph:
        """Plan with what is known now."""
        return plan.build(self._spec, surroundings(self._state), self._platform)

    def _start_or_skip(self, node: plan.Node) -> bool:
        """Start or skip a stage whose turn it is; return whether it was skipped."""
        if node.name in {*self._running, *self._away} or self._phase(node.name, node.key) != "Pending":
            return False
        phases = {name: self._phase(name) for name in node.upstream}
        if any(phase in ("Pending", "Running") for phase in phases.values()):
            return False
        lost = [name for name in node.upstream if phases[name] in ("Failed", "Skipped")]
        if node.skipped_without(lost):
            self._move(node, self._state.stage(node), "Skipped", f"{lost[0]} did not finish")
            return True
        if node.provisional:
            return False
        state = self._state.stage(node)
        state.started = time.time()
        self._move(node, state, "Running", "")
        self._running[node.name] = asyncio.create_task(self._carry_out(node, state), name=node.name)
        return False

    def _phase(self, name: str, key: str = "") -> Phase:
        """Return where a stage is; one that was recorded under another key has not begun."""
        known = self._state.stages.get(name)
        return known.phase if known is not None and key in ("", known.key) else "Pending"

    async def _carry_out(self, node: plan.Node, state: StageState) -> None:
        """Run one stage, unless another run of this process has, and remember how it ended."""
        async with self._shared.alone_with(node):
            ended = self._shared.end_of(node)
            if ended is None:
                await self._attempt(node, state)
                self._shared.note(node, state)
                return
            state.attempt, state.result, state.finished = ended.attempt, ended.result, ended.finished
            self._move(node, state, ended.phase, ended.message)

    async def _attempt(self, node: plan.Node, state: StageState) -> None:
        """Run one stage and remember how it ended."""
        limit = node.most_failures(self._spec)
        attempt = attempts.Attempt(
            node,
            self._workdir,
            self._machine,
            limit=limit,
            wait_budget=self._wait_budget,
            on_wait=lambda what: self._move(node, state, "Running", f"{AWAY}: {what}" if what else ""),
            on_room=partial(self._has_room, node, state),
            run=self._run_process,
        )
        outcome = await attempt.run(self._config)
        state.finished = time.time()
        state.attempt = outcome.attempt
        if outcome.away:
            self._away.add(node.name)
            self._move(node, state, "Pending", f"{AWAY}: {outcome.message}")
            return
        if outcome.result is None:
            self._move(node, state, "Failed", outcome.message)
            return
        state.result = outcome.result
        self._move(node, state, "Succeeded", _said(node, outcome.result))

    def _has_room(self, node: plan.Node, state: StageState, found: bool) -> None:
        """Say that a stage waits for other stages' processes; its time begins when it need not any more."""
        if not found and not state.message:
            self._move(node, state, "Running", NO_ROOM)
        elif found and state.message == NO_ROOM:
            state.started = time.time()
            self._move(node, state, "Running", "")

    def _config(self, node: plan.Node, attempt: int) -> contract.Config:
        """Return a stage's config for this attempt."""
        config, execution = node.config, node.config.execution
        if not isinstance(execution, contract.GangExecution):
            return config
        execution = execution.model_copy(update={"attempt": attempt, "master_port": attempts.free_port()})
        return config.model_copy(update={"execution": execution})

    def _move(self, node: plan.Node, state: StageState, phase: Phase, message: str) -> None:
        """Record a transition and call the listener."""
        state.phase, state.message = phase, message
        self._state.save(self._workdir.state_file)
        self._listener(node, state)

    def _collect(self) -> None:
        """Drop finished tasks; a bug in one of them is raised here."""
        for name, task in list(self._running.items()):
            if task.done():
                del self._running[name]
                task.result()

    async def _stop(self) -> None:
        """Stop the running stages and wait until they have saved their work."""
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)
        for state in self._state.stages.values():
            if state.phase == "Running":
                state.phase = "Pending"
        self._state.save(self._workdir.state_file)


def _said(node: plan.Node, result: dict[str, Any]) -> str:
    """Return what a stage that succeeded says to a person: prepare how large the model is."""
    if node.row.result is not contract.PrepareResult:
        return ""
    size = contract.PrepareResult.model_validate(result, strict=False).size
    return "" if size is None else str(size)


def surroundings(state: RunState) -> plan.Surroundings:
    """Return what the plan must know of a run on this machine."""
    prepared = state.result_of(contract.PrepareResult)
    return plan.Surroundings(
        name=state.name,
        uid="",
        digests=dict(prepared.digests) if prepared else {},
        reruns=state.reruns,
        failed=for_report(state.stages.values()),
    )


def resumed(state: RunState, graph: plan.Graph, workdir: Workdir) -> RunState:
    """Return the state for a new run: what failed is tried again, what vanished from disk is done again.

    A run that had come to its end begins anew, and so does the time that counts for its deadline.
    """
    stages = {}
    for node in graph:
        known = state.stages.get(node.name)
        if known is None or known.key != node.key:
            continue
        if known.phase == "Succeeded" and known.has_result and cache.is_complete(workdir.root, node):
            stages[node.name] = known
    over = all(known.phase not in ("Pending", "Running") for known in state.stages.values())
    return replace(state, stages=stages, seconds=0.0 if over else state.seconds)
