"""Runs that are played minute by minute, and what the operator's metrics say of them: series for Prometheus' rules."""

import re
from collections.abc import Iterator
from datetime import timedelta

from cluster.model import START, Cluster
from ssd_operator.lifecycle import Standing, standing
from ssd_operator.serve.metrics import Metrics

__all__ = ["Fleet"]

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
        names = sorted({name for page in self._pages for name in page})
        return {name: " ".join(page.get(name, MISSING) for page in self._pages) for name in names}
