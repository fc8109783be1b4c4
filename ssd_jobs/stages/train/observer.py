"""What is seen of a training while it runs: progress for programs, a line for people, metrics in MLflow."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from ssd_jobs.contract import TrainConfig, files
from ssd_jobs.progress.console import Console
from ssd_jobs.progress.recorder import Progress
from ssd_jobs.stages.train.live import Live
from ssd_jobs.stages.train.ranks import Ranks

__all__ = ["Observer", "observing"]

LIVE_PATIENCE_S = 30.0
"""How long the end of a training waits for MLflow to take its last metrics."""
STOPPED_PATIENCE_S = 5.0
"""The same when asked to stop: the next attempt sends what is not sent by then."""


class Observer:
    """Shows steps and durable metrics; rank 0 alone calls it."""

    def __init__(self, total: int, progress: Progress, console: Console, live: Live | None) -> None:
        self._total = total
        self._progress = progress
        self._console = console
        self._live = live

    def step(self, step: int, values: dict[str, float]) -> None:
        """Show a step that was done."""
        self._progress.update(done=step, total=self._total, unit="steps", **values)
        if self._console.due or step == self._total:
            loss, speed = f"loss {values['loss']:.4f}", f"{values['tokens_per_s']:.0f} tokens/s"
            self._console.show(step, self._total, "steps", loss, speed)

    def metrics_durable(self) -> None:
        """Send the metrics to MLflow, in the background: they are on disk and no step behind them is done again."""
        if self._live is not None:
            self._live.send()


@contextmanager
def observing(config: TrainConfig, ranks: Ranks, progress: Progress, stop: threading.Event) -> Iterator[Observer]:
    """Observe a training until the context ends, over MLflow where the config names a server."""
    with closing(Console(config.name)) as console, _live(config, ranks, stop) as live:
        yield Observer(config.science.steps, progress, console, live)


@contextmanager
def _live(config: TrainConfig, ranks: Ranks, stop: threading.Event) -> Iterator[Live | None]:
    """Open the thread that sends metrics to MLflow, on rank 0 and where the config names a server."""
    tracking = config.execution.tracking
    if tracking is None or not ranks.first:
        yield None
        return

    def replay() -> object:
        from ssd_jobs import tracking as mlflow

        return mlflow.replay(tracking, config.name, Path(config.workspace) / config.output / files.METRICS)

    live = Live(replay)
    try:
        yield live
    finally:
        live.close(patience_s=STOPPED_PATIENCE_S if stop.is_set() else LIVE_PATIENCE_S)
