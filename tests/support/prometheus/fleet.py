"""Runs that are played minute by minute, and what the operator's metrics say of them: series for Prometheus' rules."""

import re
from collections.abc import Iterator
from datetime import timedelta

from prometheus_client import CollectorRegistry, generate_latest

from cluster.model import START, Cluster
from ssd_jobs.progress.metrics_server import ProgressCollector
from ssd_jobs.progress.recorder import Progress
from ssd_operator.lifecycle import Standing, standing
from ssd_operator.serve.metrics import Metrics

__all__ = ["MISSING", "Fleet", "Worker"]

SAMPLE = re.compile(r"^([a-z_]+(?:\{.*\})?) (\S+)$", re.MULTILINE)
MISSING = "_"


class Fleet:
    """An operator that leads, the runs that it carries on, and a page of its metrics for each minute."""

    def __init__(self, *runs: Cluster) -> None:
        self.now = START
        self.runs = runs
        self.silent_s = 0.0
        """For how long no watch has said anything."""
        self.unwatched = 0
        self.metrics = Metrics(clock=lambda: self.now)
        self.metrics.leader.set(1)
        self.metrics.watch(
            depth=lambda: 0,
            runs=lambda: [standing(run.status) for run in self.runs],
            sweeps=list[Standing],
            age=lambda: self.silent_s,
            unwatched=lambda: self.unwatched,
            remembered=dict[str, int],
        )
        self._pages: list[dict[str, str]] = []

    def minutes(self, count: int) -> Iterator[int]:
        """Let so many minutes pass, each after whoever asked has played it."""
        for minute in range(count):
            yield minute
            for run in self.runs:
                was, run.now = run.status, self.now
                run.settle()
                self.metrics.changed(was, run.status)
            self._pages.append(dict(SAMPLE.findall(self.metrics.text().decode())))
            self.now += timedelta(minutes=1)

    def series(self) -> dict[str, str]:
        """Return every series with its values, a minute apart, as promtool reads them."""
        return _series(self._pages)


class Worker:
    """A worker's page of metrics for each minute, with the labels that a PodMonitor adds of its pod."""

    def __init__(self, experiment: str, stage: str) -> None:
        self._labels = f'selfdistill_dev_experiment="{experiment}",selfdistill_dev_stage="{stage}"'
        self._progress = Progress()
        self._registry = CollectorRegistry()
        self._registry.register(ProgressCollector(self._progress))
        self._pages: list[dict[str, str]] = []

    def says(self, *, done: float, total: float, unit: str, **values: float) -> None:
        """Keep the page of the next minute."""
        self._progress.update(done=done, total=total, unit=unit, **values)
        self._pages.append(dict(SAMPLE.findall(generate_latest(self._registry).decode())))

    def series(self) -> dict[str, str]:
        """Return every series with its values."""
        return {self._labelled(name): values for name, values in _series(self._pages).items()}

    def _labelled(self, name: str) -> str:
        known, _, own = name.partition("{")
        return f"{known}{{{','.join(filter(None, (own.rstrip('}'), self._labels)))}}}"


def _series(pages: list[dict[str, str]]) -> dict[str, str]:
    names = sorted({name for page in pages for name in page})
    return {name: " ".join(page.get(name, MISSING) for page in pages) for name in names}
