"""The operator as a process: wait for the Lease, learn what there is, watch, and work until stopped."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import kopf

from ssd_operator import naming
from ssd_operator.cluster import Api, ApiError, Key, ServerClock, Store, connect, may_get
from ssd_operator.reconcile import Workers, reconcilers
from ssd_operator.serve import handlers, health, lease, secure_metrics, watches
from ssd_operator.serve.answers import Answers
from ssd_operator.serve.metrics import Metrics
from ssd_operator.serve.namespaces import Namespaces
from ssd_operator.serve.queue import WorkQueue
from ssd_operator.serve.resync import Resync
from ssd_operator.settings import Settings

__all__ = ["Operator", "run", "until_stopped"]

LOGGER = logging.getLogger(__name__)
RELEASE_WITHIN_S = 5.0
ASK_AGAIN_S = 30.0
"""How often a namespace that is not watched is asked; a server that is being upgraded may refuse for a moment."""
Connect = Callable[[], Awaitable[Api]]


async def run(settings: Settings, *, kubeconfig: Path | None) -> int:
    """Serve until SIGTERM, and return the exit code."""
    stop = asyncio.Event()
    _listen(stop)
    clock = ServerClock()
    metrics, state = Metrics(clock=clock), health.Health()
    server = await health.serve(state, None if settings.metrics_tls else metrics, settings.http_port)
    state.ready = True
    try:
        await (await connect(kubeconfig)).close()  # a wrong kubeconfig is said here, before threads are started
        async with (
            _secure_metrics(settings, metrics, kubeconfig),
            _leading(settings, lambda: connect(kubeconfig), stop),
        ):
            if not stop.is_set():
                metrics.leader.set(1)
                await _operate(settings, clock, metrics, state, stop, kubeconfig)
    finally:
        await server.cleanup()
    if not stop.is_set():
        LOGGER.error("the watches ended: leaving, to be started again")
    return 0 if stop.is_set() else 1


@asynccontextmanager
async def _secure_metrics(settings: Settings, metrics: Metrics, kubeconfig: Path | None) -> AsyncIterator[None]:
    """Serve metrics to who may read them, where the installation has a certificate for that; a standby does so, too."""
    if not settings.metrics_tls:
        yield
        return
    api = await connect(kubeconfig)
    try:
        reviewer = secure_metrics.Reviewer(lambda token: may_get(api, token, "/metrics"))
        server = await secure_metrics.serve(metrics, reviewer, Path(settings.metrics_tls), settings.metrics_port)
        try:
            yield
        finally:
            await server.cleanup()
    finally:
        await api.close()


def _listen(stop: asyncio.Event) -> None:
    """Let the signals of the kubelet and of a terminal end the process in order."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)


@asynccontextmanager
async def _leading(settings: Settings, connection: Connect, stop: asyncio.Event) -> AsyncIterator[None]:
    """Go on once this process leads; losing the Lease later ends it, and leaving gives the Lease to the next one."""
    if not settings.leader_election:
        yield
        return
    loop = asyncio.get_running_loop()
    leads, resign = asyncio.Event(), threading.Event()
    identity = settings.identity or f"{os.uname().nodename}-{os.getpid()}"

    def make(api: Api) -> lease.Elector:
        return lease.Elector(api, namespace=settings.lease_namespace, name=settings.lease_name, identity=identity)

    def ended() -> None:
        if not resign.is_set():
            os._exit(1)

    def taken() -> None:
        LOGGER.info("%s leads", identity)
        loop.call_soon_threadsafe(leads.set)

    thread = lease.lead_in_thread(connection, make, taken=taken, ended=ended, stop=resign)
    await _first(leads, stop)
    try:
        yield
    finally:
        resign.set()
        await asyncio.to_thread(thread.join, RELEASE_WITHIN_S)


async def _first(*events: asyncio.Event) -> None:
    """Wait until one of these has happened."""
    waits = [asyncio.create_task(event.wait()) for event in events]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for task in waits:
        task.cancel()


async def _operate(
    settings: Settings,
    clock: ServerClock,
    metrics: Metrics,
    state: health.Health,
    stop: asyncio.Event,
    kubeconfig: Path | None,
) -> None:
    api = await connect(kubeconfig, observe=metrics.request, clock=clock)
    try:
        await Operator(api, settings, metrics, state).work(stop, kubeconfig)
    finally:
        await api.close()


class Operator:
    """All that works while this process leads, over one connection."""

    def __init__(self, api: Api, settings: Settings, metrics: Metrics, state: health.Health) -> None:
        self._settings = settings
        self._metrics = metrics
        self._state = state
        self._store = Store()
        self._namespaces = Namespaces(settings.namespaces, left_out=self._store.forget)
        self._workers = Workers()
        fetch, changed = self._workers.fetch, metrics.changed
        self._reconcilers = reconcilers(api, self._store, settings, fetch=fetch, changed=changed)
        self._answers = Answers(metrics.answers.observe)
        self._queue = WorkQueue[Key](self._reconcile, concurrency=settings.concurrency, failed=self._failed)
        self._resync = Resync(api, self._store, self._namespaces, prefetch=self._prefetch)
        metrics.watch(
            depth=lambda: len(self._queue),
            runs=lambda: self._store.standings(naming.KIND),
            sweeps=lambda: self._store.standings(naming.SWEEP_KIND),
            age=lambda: state.age,
            unwatched=lambda: len(self._namespaces.unwatched),
            remembered=self._remembered,
        )

    async def work(self, stop: asyncio.Event, kubeconfig: Path | None) -> None:
        """Learn what there is before anything is decided, then watch and work until stopped."""
        await self._begin()
        every_s = self._settings.resync_s
        bodies = (
            self._queue.run(),
            self._resync.repeat(every_s=every_s, compared=self._compared),
            self._resync.keep_asking(every_s=min(every_s, ASK_AGAIN_S), learned=self._look_at_all),
            stop.wait(),
        )
        dispatcher = handlers.Dispatcher(
            self._store, self._queue, on_event=self._state.note_event, on_end=self._answers.note_end
        )
        registry = handlers.registry(self._namespaces, kubeconfig=kubeconfig)
        try:
            await until_stopped(bodies, lambda flag: self._watch(dispatcher, registry, flag, stop))
        finally:
            await self._workers.close()

    async def _prefetch(self, namespace: str) -> None:
        """Read at once what the first pass over each resource needs."""
        for each in self._reconcilers.values():
            await each.prefetch(namespace)

    def _remembered(self) -> dict[str, int]:
        """Return how many things of each kind this process knows."""
        known = Counter(self._store.remembered())
        for each in self._reconcilers.values():
            known.update(each.remembered())
        return known

    async def _begin(self) -> None:
        started = time.monotonic()
        keys = await self._resync.first()
        for key in keys:
            self._queue.add(key)
        LOGGER.info("%d resources after %.1f s", len(keys), time.monotonic() - started)

    async def _watch(
        self,
        dispatcher: handlers.Dispatcher,
        registry: kopf.OperatorRegistry,
        flag: asyncio.Event,
        stop: asyncio.Event,
    ) -> None:
        """Watch until the flag is raised. kopf would take the signals, and end every task that it did not begin."""
        watches.decode_fast()
        watches.deliver_directly(dispatcher.event)
        settings = handlers.watch_settings(self._settings)
        tasks = await watches.spawn(registry, settings, self._namespaces, flag)
        _listen(stop)
        await kopf.run_tasks(tasks, ignored=asyncio.all_tasks() - set(tasks))

    def _compared(self, missed: Counter[str]) -> None:
        """Note what a resync found, forget what is gone, and look at everything else once more."""
        self._metrics.missed.inc(missed.total())
        self._state.note_resync(missed)
        for each in self._reconcilers.values():
            each.forget_the_gone()
        self._look_at_all()

    def _look_at_all(self) -> None:
        """Look at every resource that is known."""
        for key in self._store.known():
            self._queue.add(key)

    async def _reconcile(self, key: Key) -> float | None:
        """Do one pass, and measure how long it takes."""
        with self._metrics.reconcile.time():
            return await self._answers.measure(key, self._reconcilers[key.kind].reconcile)

    def _failed(self, key: Key, error: Exception) -> float:
        """Log what went wrong in one line, and return how long the API server wants us to wait."""
        self._metrics.errors.inc()
        if isinstance(error, ApiError):
            LOGGER.warning("%s: %s", key, error)
            return error.retry_after
        LOGGER.error("%s: a bug, tried again later", key, exc_info=error)
        return 0.0


async def until_stopped(
    bodies: Iterable[Coroutine[object, object, object]],
    watch: Callable[[asyncio.Event], Coroutine[object, object, None]],
) -> None:
    """Watch beside the bodies until one of them ends; then end the bodies first, so that no work is cut in two."""
    flag = asyncio.Event()
    tasks = [asyncio.create_task(body) for body in bodies]
    watching = asyncio.create_task(watch(flag))
    try:
        done, _ = await asyncio.wait([*tasks, watching], return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        flag.set()
        await asyncio.gather(watching, return_exceptions=True)
