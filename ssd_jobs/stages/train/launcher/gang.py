"""The launcher of one node: torchrun's engine, with the exit codes, signals and patience that an operator needs.

torchrun's command turns every exit code into 1 and kills workers 30 seconds after a signal. So its engine runs in a
thread of this process, where it handles no signals: this process forwards them and gives workers the whole grace
period to finish a checkpoint, and it ends with the error of the worker that explains the others.
"""

import logging
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from ssd_jobs.context import Context
from ssd_jobs.contract import TrainConfig
from ssd_jobs.errors import BadInput, ExitCode, JobError, Temporary, Terminated, first_line
from ssd_jobs.progress import recorder
from ssd_jobs.stages.train.launcher import mailbox
from ssd_jobs.stages.train.launcher.leash import leashed
from ssd_jobs.stages.train.launcher.peers import Peers

__all__ = ["launch"]

LOGGER = logging.getLogger(__name__)
WORKER = ("-m", "ssd_jobs.stages.train.launcher.worker")
POLL_S = 0.2
SURVIVOR_WAIT_S = 20.0
"""A node whose peer is lost ends after the one that was lost, so that the cause is on record first."""
LAST_WORDS_S = 3.0
"""When a peer is gone, our own workers may be about to end well, or with a better reason."""
ERRORS = {ExitCode.BAD_INPUT: BadInput, ExitCode.TEMPORARY: Temporary, ExitCode.TERMINATED: Terminated}


def launch(config: TrainConfig, context: Context, *, worker: Sequence[str] = WORKER) -> dict[str, Any]:
    """Run this node's workers to their end; return what rank 0 left, empty on the other nodes.

    `worker` is what Python runs for each rank, with the config and the mailbox as arguments.
    """
    if context.config_path is None:
        raise JobError("a gang needs its config as a file; run `python -m ssd_jobs CONFIG`")
    _await_first(config, context)
    directory = Path(tempfile.mkdtemp(prefix="ssd-gang-"))
    try:
        return _Node(config, context, directory, worker).run()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


class _Node:
    """This node's workers and the watch over them."""

    def __init__(self, config: TrainConfig, context: Context, directory: Path, worker: Sequence[str]) -> None:
        self._config, self._execution, self._context = config, config.execution, context
        self._directory, self._worker = directory, worker
        self._attempt = f"{config.key[:16]}-{config.execution.attempt}"
        self._ended = threading.Event()
        self._error: Exception | None = None
        self._signalled: set[int] = set()
        self._peers: Peers | None = None

    def run(self) -> dict[str, Any]:
        """Start, watch, and turn the end into a result or an error."""
        threading.Thread(target=self._engine, name="elastic", daemon=True).start()
        if self._execution.nodes > 1:
            self._peers = Peers(
                self._execution.master_address,
                self._execution.master_port,
                attempt=self._attempt,
                node=self._context.index,
                nodes=self._execution.nodes,
                timeout_s=self._execution.rendezvous_timeout_s,
            )
        try:
            self._watch()
        except JobError as error:
            self._kill()
            self._leave(error.exit_code)
            if error.exit_code == ExitCode.TEMPORARY and self._execution.nodes > 1:
                time.sleep(SURVIVOR_WAIT_S)
            raise
        self._leave(ExitCode.OK)
        return mailbox.read_outcome(self._directory) if self._context.index == 0 else {}

    def _engine(self) -> None:
        """Run torchrun's engine until all workers have ended."""
        execution = self._execution
        settings = LaunchConfig(
            min_nodes=execution.nodes,
            max_nodes=execution.nodes,
            nproc_per_node=max(1, execution.gpus_per_node),
            run_id=self._attempt,
            rdzv_backend="static",
            rdzv_endpoint=f"{execution.master_address}:{execution.master_port}",
            rdzv_configs={"rank": self._context.index, "timeout": max(1, int(execution.rendezvous_timeout_s))},
            max_restarts=0,
            monitor_interval=POLL_S,
            local_addr=socket.gethostname(),
            shutdown_timeout=15,
        )
        try:
            worker = [*self._worker, str(self._context.config_path), str(self._directory)]
            elastic_launch(settings, sys.executable)(*leashed(worker))
        except Exception as error:  # noqa: BLE001 - judged on the main thread
            self._error = error
        finally:
            self._ended.set()

    def _watch(self) -> None:
        """Forward signals, show progress and look after peers until the engine has ended."""
        deadline = float("inf")
        while not self._ended.wait(POLL_S):
            if self._context.stop.is_set():
                deadline = min(deadline, time.monotonic() + self._execution.grace_period_s)
                self._signal(signal.SIGTERM)
            if time.monotonic() > deadline:
                raise Terminated(
                    f"no checkpoint within {self._execution.grace_period_s:.0f} s of the request to stop;"
                    " the newest complete one is kept, allow more time or save more often"
                )
            if self._peers is not None and self._peers.lost.is_set() and not self._ended.wait(LAST_WORDS_S):
                raise Temporary(f"a peer of the gang is lost: {self._peers.reason}; waiting for a new attempt")
            self._show_progress()
        if self._error is not None:
            raise self._judge(self._error)

    def _judge(self, error: Exception) -> JobError:
        """Return the error of the worker that explains the others."""
        found = mailbox.failures(self._directory)
        if isinstance(error, ChildFailedError):
            silent = {rank: failure for rank, failure in error.failures.items() if rank not in {f.rank for f in found}}
            found += [
                mailbox.Failure(
                    rank, ExitCode.FAILED, f"worker {rank} died without a word: {end.message}", end.timestamp
                )
                for rank, end in silent.items()
                if not (found and end.exitcode == -signal.SIGTERM)
            ]
        if not found:
            return Temporary(f"the gang did not come together ({type(error).__name__}: {first_line(error)})")
        first = mailbox.cause(found)
        return ERRORS.get(ExitCode(first.code), JobError)(first.message)

    def _signal(self, number: int) -> None:
        """Send a signal once to every worker that has started."""
        for pid in mailbox.pids(self._directory) - self._signalled:
            self._signalled.add(pid)
            _send(pid, number)

    def _kill(self) -> None:
        """End all workers at once; after an orderly end there are none."""
        if not self._ended.is_set():
            for pid in mailbox.pids(self._directory):
                _send(pid, signal.SIGKILL)
            self._ended.wait(10.0)

    def _leave(self, code: int) -> None:
        """Record this node's exit code for the peers."""
        if self._peers is not None:
            self._peers.leave(code)

    def _show_progress(self) -> None:
        """Serve what rank 0 last wrote."""
        snapshot = recorder.read(self._context.path(self._config.output)) if self._context.index == 0 else None
        if snapshot:
            numbers = {name: float(value) for name, value in snapshot.items() if not isinstance(value, str)}
            self._context.progress.update(unit=str(snapshot.get("unit", "steps")), **numbers)


def _send(pid: int, number: int) -> None:
    """Send a signal to a process that may be gone."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _await_first(config: TrainConfig, context: Context) -> None:
    """Wait until node 0's name is known and, on the other nodes, until its store listens."""
    execution = config.execution
    listening = context.index > 0

    def found() -> bool:
        if listening:
            socket.create_connection((execution.master_address, execution.master_port), timeout=5.0).close()
        else:
            socket.getaddrinfo(execution.master_address, execution.master_port)
        return True

    _retry(found, context, timeout_s=execution.rendezvous_timeout_s, what=f"node 0 at {execution.master_address}")


def _retry(attempt: Callable[[], bool], context: Context, *, timeout_s: float, what: str) -> None:
    """Try until it works; leave when asked to stop or when it takes too long."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            attempt()
        except OSError as error:
            context.check_stop()
            if time.monotonic() > deadline:
                raise Temporary(
                    f"{what}: not reachable within {timeout_s:.0f} s ({first_line(error)}); trying again later"
                ) from None
            context.stop.wait(1.0)
        else:
            return
