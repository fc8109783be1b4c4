"""Opening an experiment on one machine: its state, what is left to do, and the run itself."""

import asyncio
import signal
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from ssd_operator import plan
from ssd_operator.local import machine, processes, runner
from ssd_operator.local.attempts import RunProcess, WaitBudget
from ssd_operator.local.shared import SharedStages
from ssd_operator.local.state import RunState
from ssd_operator.local.view import View
from ssd_operator.local.workdir import Workdir
from ssd_operator.spec.resolved import ResolvedSpec

__all__ = ["LocalExperiment", "platform", "stop_on_signals"]

MASTER_PORT = 29500
"""Only what a plan prints: every attempt gets a port that is free."""


def platform(workdir: Workdir, *, tracking_uri: str) -> plan.Platform:
    """Return what this machine contributes to configs."""
    return plan.Platform(
        workspace=str(workdir.root),
        worker_image="",
        grader_image="",
        metrics_port=0,
        sandbox_socket="",
        tracking_uri=tracking_uri or workdir.tracking_uri,
        offline=False,
        claim_uid="",
        master_port=MASTER_PORT,
        origin=workdir.origin,
    )


def stop_on_signals(task: asyncio.Task[Any]) -> None:
    """Let Ctrl-C and SIGTERM stop a task in order: its stages save their work first."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)


class LocalExperiment:
    """One resource in one directory."""

    def __init__(
        self,
        name: str,
        spec: ResolvedSpec,
        directory: Path,
        *,
        tracking_uri: str,
        run_process: RunProcess = processes.run,
    ) -> None:
        self.name = name
        self.spec = spec
        self.workdir = Workdir(directory, name)
        self._tracking_uri = tracking_uri
        self._run_process = run_process

    @property
    def _platform(self) -> plan.Platform:
        """The platform of this machine, made anew each time: the first run gives the directory its origin."""
        return platform(self.workdir, tracking_uri=self._tracking_uri)

    def state(self) -> RunState:
        """Return what is known of earlier runs, as far as it is still true."""
        digest = self.spec.digest()
        state = self.recorded() or RunState(self.name, digest)
        state = replace(
            state,
            name=self.name,
            spec_digest=digest,
            reruns=self.spec.rerun.added_to(state.reruns),
        )
        return runner.resumed(state, self.graph(state), self.workdir)

    def recorded(self) -> RunState | None:
        """Return what the last run wrote down, or None when there was none."""
        state = RunState.load(self.workdir.state_file)
        if state is None:
            return None
        return replace(state, name=self.name).within(self.graph(RunState(self.name, "")))

    def graph(self, state: RunState) -> plan.Graph:
        """Plan with what is known."""
        return plan.build(self.spec, runner.surroundings(state), self._platform)

    def run(
        self, console: Console, *, wait_s: float, source: str = "", shared: SharedStages | None = None
    ) -> tuple[RunState, plan.Graph]:
        """Carry the experiment to its end, showing what happens, and keep the text that it came from.

        What is away is waited for `wait_s` seconds in all. What other runs have carried out is not done again.
        """
        with self.workdir.writable(), self.workdir.locked():
            if source:
                with self.workdir.naming():
                    self.workdir.source_file.write_text(source, encoding="utf-8")
            return asyncio.run(self._run(console, wait_s, shared))

    def runner_on(
        self,
        on: machine.Machine,
        state: RunState,
        *,
        wait_budget: WaitBudget,
        listener: runner.Listener,
        shared: SharedStages | None = None,
    ) -> runner.Runner:
        """Return what carries it out from this state on."""
        return runner.Runner(
            self.spec,
            state,
            self.workdir,
            on,
            self._platform,
            wait_budget=wait_budget,
            listener=listener,
            run_process=self._run_process,
            shared=shared,
        )

    async def _run(self, console: Console, wait_s: float, shared: SharedStages | None) -> tuple[RunState, plan.Graph]:
        """Run with a view beside it; Ctrl-C and SIGTERM stop it in order."""
        state = self.state()
        work = self.runner_on(
            machine.detect(),
            state,
            wait_budget=WaitBudget(wait_s),
            listener=lambda node, stage: view.moved(node, stage),  # noqa: PLW0108 - the view needs the runner first
            shared=shared,
        )
        view = View(console, self.workdir.root, lambda: work.graph, state.stages)
        task = asyncio.create_task(work.run())
        stop_on_signals(task)
        watching = asyncio.create_task(view.watch())
        try:
            await task
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching
        return state, work.graph
