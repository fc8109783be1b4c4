"""What the operator measures of itself. No label names a resource: their number has no bound."""

from __future__ import annotations

import itertools
from collections import Counter as Count
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ssd_jobs import contract
from ssd_operator.lifecycle import Standing
from ssd_operator.spec.status import StageStatus, Status

__all__ = ["Metrics"]

STAGE_BUCKETS = (10, 30, 60, 300, 900, 3600, 4 * 3600, 12 * 3600, 48 * 3600)
ANSWER_BUCKETS = (0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30)
FIRST, AGAIN = "first", "again"
ENDED = frozenset({"Succeeded", "Failed"})
KINDS = tuple(contract.STAGES)
"""Each has its series from the start: a counter that appears with its first failure shows no increase of it."""


class Metrics:
    """All of them, in a registry of their own."""

    def __init__(self, *, clock: Callable[[], datetime] = lambda: datetime.now(tz=UTC)) -> None:
        self._clock = clock
        self.registry = CollectorRegistry()
        registry = self.registry
        self.leader = Gauge("ssd_is_leader", "1 while this process leads.", registry=registry)
        self.reconcile = Histogram("ssd_reconcile_duration_seconds", "One pass over one resource.", registry=registry)
        self.answers = Histogram(
            "ssd_job_end_answer_seconds",
            "From a Job's end, as a watch delivered it, to the end of the pass that made what follows.",
            buckets=ANSWER_BUCKETS,
            registry=registry,
        )
        self.errors = Counter("ssd_reconcile_errors_total", "Passes that failed and are repeated.", registry=registry)
        self.requests = Counter(
            "ssd_api_requests_total", "Requests to the API server.", ["verb", "code"], registry=registry
        )
        self.stages = Histogram(
            "ssd_stage_duration_seconds",
            "From a stage's first Job to its end.",
            ["stage", "result"],
            buckets=STAGE_BUCKETS,
            registry=registry,
        )
        self.attempts = Counter("ssd_stage_attempts_total", "Jobs begun.", ["stage", "reason"], registry=registry)
        for kind, result in itertools.product(KINDS, sorted(ENDED)):
            self.stages.labels(kind, result.lower())
        for kind, reason in itertools.product(KINDS, (FIRST, AGAIN)):
            self.attempts.labels(kind, reason)
        self.progress = Counter(
            "ssd_progress_writes_total", "Status writes that say nothing but how far a stage is.", registry=registry
        )
        self.missed = Counter(
            "ssd_watch_missed_total", "Changes that a resync found before a watch delivered them.", registry=registry
        )

    def watch(
        self,
        *,
        depth: Callable[[], int],
        runs: Callable[[], Iterable[Standing]],
        sweeps: Callable[[], Iterable[Standing]],
        age: Callable[[], float],
        unwatched: Callable[[], int],
        remembered: Callable[[], Mapping[str, int]],
    ) -> None:
        """Add what is counted at the moment of a scrape."""
        self.registry.register(_Snapshot(depth, runs, sweeps, age, unwatched, remembered, self._clock))

    def request(self, verb: str, code: int) -> None:
        """Count a request."""
        self.requests.labels(verb, str(code)).inc()

    def changed(self, was: Status, now: Status) -> None:
        """Count what a written status says about stages."""
        if _without_progress(was) == _without_progress(now):
            self.progress.inc()
            return
        before = {stage.name: stage for stage in was.stages}
        for stage in now.stages:
            self._stage(before.get(stage.name), stage)

    def _stage(self, was: StageStatus | None, now: StageStatus) -> None:
        if now.attempt > (was.attempt if was else 0):
            self.attempts.labels(now.kind, FIRST if now.attempt == 1 else AGAIN).inc()
        if now.phase in ENDED and (was is None or was.phase != now.phase) and now.start_time and now.completion_time:
            length = datetime.fromisoformat(now.completion_time) - datetime.fromisoformat(now.start_time)
            self.stages.labels(now.kind, now.phase.lower()).observe(length.total_seconds())

    def text(self) -> bytes:
        """Return the page that Prometheus reads."""
        return generate_latest(self.registry)


def _without_progress(status: Status) -> Status:
    stages = tuple(stage.model_copy(update={"progress": None}) for stage in status.stages)
    return status.model_copy(update={"stages": stages, "progress": ""})


class _Snapshot(Collector):
    """Reads the process's state when asked."""

    def __init__(
        self,
        depth: Callable[[], int],
        runs: Callable[[], Iterable[Standing]],
        sweeps: Callable[[], Iterable[Standing]],
        age: Callable[[], float],
        unwatched: Callable[[], int],
        remembered: Callable[[], Mapping[str, int]],
        clock: Callable[[], datetime],
    ) -> None:
        self._depth, self._runs, self._sweeps = depth, runs, sweeps
        self._age, self._clock = age, clock
        self._unwatched, self._remembered = unwatched, remembered

    def collect(self) -> Iterable[Metric]:
        """Return the current values."""
        yield GaugeMetricFamily("ssd_workqueue_depth", "Resources that wait for their turn.", value=self._depth())
        yield GaugeMetricFamily(
            "ssd_watch_last_event_age_seconds", "Since the watches were last known to be alive.", value=self._age()
        )
        yield GaugeMetricFamily(
            "ssd_namespaces_unwatched",
            "Namespaces that are gone or refuse, and are asked again.",
            value=self._unwatched(),
        )
        remembered = GaugeMetricFamily("ssd_remembered", "What the process keeps in memory, by kind.", labels=["kind"])
        for kind, count in sorted(self._remembered().items()):
            remembered.add_metric([kind], count)
        yield remembered
        yield from _of_runs(list(self._runs()), self._clock())
        yield _by_phase("ssd_sweeps", "Sweeps by phase.", self._sweeps())


def _by_phase(name: str, documentation: str, resources: Iterable[Standing]) -> Metric:
    """Return how many resources are in each phase."""
    phases = GaugeMetricFamily(name, documentation, labels=["phase"])
    for phase, count in sorted(Count(each.phase for each in resources).items()):
        phases.add_metric([phase or "New"], count)
    return phases


def _of_runs(runs: Sequence[Standing], now: datetime) -> Iterable[Metric]:
    """Yield what is counted over all runs."""
    yield _by_phase("ssd_runs", "Runs by phase.", runs)
    waiting = GaugeMetricFamily("ssd_runs_waiting", "Runs that do not go on, by reason.", labels=["reason"])
    longest = GaugeMetricFamily(
        "ssd_run_longest_wait_seconds",
        "For how long the run that waits longest has waited, by reason.",
        labels=["reason"],
    )
    for reason, count in sorted(Count(run.reason for run in runs if run.reason).items()):
        waiting.add_metric([reason], count)
        longest.add_metric([reason], max(run.waits_s(now) for run in runs if run.reason == reason))
    yield waiting
    yield longest
    near = sum(run.is_near_deadline(now) for run in runs)
    yield GaugeMetricFamily("ssd_runs_near_deadline", "Runs with less than a tenth of their time left.", value=near)
