"""The operator as a process: wait for the Lease, learn what there is, watch, and work until told to stop."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import kopf

from ssd_operator.cluster import Api, ApiError, Key, Store, connect
from ssd_operator.reconcile import Reconciler
from ssd_operator.serve import handlers, health, lease, watches
from ssd_operator.serve.metrics import Metrics
from ssd_operator.serve.namespaces import Namespaces
from ssd_operator.serve.queue import WorkQueue
from ssd_operator.serve.resync import Resync
from ssd_operator.settings import Settings

__all__ = ["run"]

LOGGER = logging.getLogger(__name__)
RELEASE_WITHIN_S = 5.0
ASK_AGAIN_S = 30.0
"""How often a namespace that is not watched is asked; a server that is being upgraded may refuse for a moment."""
Connect = Callable[[], Awaitable[Api]]


async def run(settings: Settings, *, kubeconfig: Path | None) -> int:
    """Serve until SIGTERM, and return the exit code."""
    stop = asyncio.Event()
    _listen(stop)
    metrics, state = Metrics(), health.Health()
    server = await health.serve(state, metrics, settings.http_port)
    state.ready = True
    try:
        await (await connect(kubeconfig)).close()  # a wrong kubeconfig is said here, before threads are started
        async with _leading(settings, lambda: connect(kubeconfig), stop):
            if not stop.is_set():
                metrics.leader.set(1)
                await _operate(settings, metrics, state, stop, kubeconfig)
    finally:
        await server.cleanup()
    if not stop.is_set():
        LOGGER.error("the watches ended: leaving, to be started again")
    return 0 if stop.is_set() else 1


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
    settings: Settings, metrics: Metrics, state: health.Health, stop: asyncio.Event, kubeconfig: Path | None
) -> None:
    """Watch and work over one connection."""
    api = await connect(kubeconfig)
    api.observe = metrics.request
    try:
        await _work(api, settings, metrics, state, stop, kubeconfig)
    finally:
        await api.close()


async def _work(
    api: Api,
    settings: Settings,
    metrics: Metrics,
    state: health.Health,
    stop: asyncio.Event,
    kubeconfig: Path | None,
) -> None:
    """Learn what there is, then watch and work until told to stop."""
    store = Store()
    namespaces = Namespaces(settings.namespaces, left_out=store.forget)
    reconciler = Reconciler(api, store, settings, changed=metrics.changed)
    queue = WorkQueue[Key](
        partial(_timed, metrics, reconciler), concurrency=settings.concurrency, failed=partial(_failed, metrics)
    )
    metrics.watch(
        depth=lambda: len(queue),
        phases=lambda: (raw.get("status", {}).get("phase", "") for raw in store.resources.values()),
        age=lambda: state.age,
        unwatched=lambda: len(namespaces.unwatched),
    )
    resync = Resync(api, store, namespaces, prefetch=reconciler.terms.prefetch)
    await _begin(resync, queue)
    dispatcher = handlers.Dispatcher(store, queue, alive=state.heard)
    registry = handlers.registry(dispatcher, namespaces, kubeconfig=kubeconfig)
    compared = partial(_compared, metrics, state, store, queue)
    bodies = (
        queue.run(),
        resync.repeat(every_s=settings.resync_s, compared=compared),
        resync.keep_asking(every_s=min(settings.resync_s, ASK_AGAIN_S)),
        stop.wait(),
    )
    await _until_stopped(bodies, lambda flag: _watch(settings, registry, namespaces, flag, stop))


async def _until_stopped(
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


async def _watch(
    settings: Settings,
    registry: kopf.OperatorRegistry,
    namespaces: Namespaces,
    flag: asyncio.Event,
    stop: asyncio.Event,
) -> None:
    """Watch until the flag is raised. kopf would take the signals, and end every task that it did not begin."""
    tasks = await watches.spawn(registry, handlers.watch_settings(settings), namespaces, flag)
    _listen(stop)
    await kopf.run_tasks(tasks, ignored=asyncio.all_tasks() - set(tasks))


async def _begin(resync: Resync, queue: WorkQueue[Key]) -> None:
    """Learn what there is before anything is decided."""
    started = time.monotonic()
    keys = await resync.first()
    for key in keys:
        queue.add(key)
    LOGGER.info("%d resources after %.1f s", len(keys), time.monotonic() - started)


def _compared(metrics: Metrics, state: health.Health, store: Store, queue: WorkQueue[Key], missed: int) -> None:
    """Note what a resync found, and look at everything once more."""
    metrics.missed.inc(missed)
    state.compared(missed=missed)
    for key in list(store.resources):
        queue.add(key)


async def _timed(metrics: Metrics, reconciler: Reconciler, key: Key) -> float | None:
    with metrics.reconcile.time():
        return await reconciler.reconcile(key)


def _failed(metrics: Metrics, key: Key, error: Exception) -> float:
    """Say what went wrong in one line, and how long the API server wants us to wait."""
    metrics.errors.inc()
    if isinstance(error, ApiError):
        LOGGER.warning("%s: %s", key, error)
        return error.retry_after
    LOGGER.error("%s: a bug, tried again later", key, exc_info=error)
    return 0.0
