"""Our side of `benchmarks/train.py`, in a process of its own: the train stage as `python -m ssd_jobs` runs it.

`python train_ours.py CONFIG`. The stage says after each step how many tokens it had; the clock runs from the end of
the first step, which warms up, to the end of the last. Prints one JSON object.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from ssd_jobs import contract
from ssd_jobs.context import Context
from ssd_jobs.models import environment
from ssd_jobs.progress.recorder import Progress


class Stopwatch(Progress):
    """Remembers when each step ended, by the clock and by this process's CPU time, and how many tokens it had."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[tuple[float, float, float]] = []

    def update(self, *, done: float, total: float, unit: str, **values: float) -> None:
        """Note one step."""
        super().update(done=done, total=total, unit=unit, **values)
        self.steps.append((time.monotonic(), time.process_time(), values["tokens_per_s"] * values["step_s"]))


def main(config_path: Path) -> dict[str, Any]:
    """Run the stage and return its rates."""
    config = contract.load(config_path)
    assert isinstance(config, contract.TrainConfig)
    environment.configure(config, os.environ)
    from ssd_jobs.stages.train import stage as train

    stopwatch = Stopwatch()
    train.run(config, Context(Path(config.workspace), 0, stopwatch, config_path=config_path))
    (begun, begun_cpu, _), *_, (ended, ended_cpu, _) = stopwatch.steps
    tokens = sum(tokens for _, _, tokens in stopwatch.steps[1:])
    return {
        "arm": "ours",
        "valid": True,
        "tokens_per_s": tokens / (ended - begun),
        "tokens_per_cpu_s": tokens / (ended_cpu - begun_cpu),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]))) + "\n")
