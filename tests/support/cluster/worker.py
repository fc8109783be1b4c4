"""What a worker would leave behind: the results of stages that did their work, and a count of who did it how often.

Stands for the claim: a shard's directory is complete or absent, and a worker that finds it complete does nothing.
"""

import hashlib
import json
from collections import Counter
from typing import Any

from ssd_jobs import contract

Raw = dict[str, Any]


def sha(*parts: object) -> str:
    """Return a digest of anything."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


class Workspace:
    """The shards that are complete, and how often each was worked on."""

    def __init__(self) -> None:
        self.work: Counter[tuple[str, int]] = Counter()
        """(stage key, index) -> times that the work was done."""

    def complete(self, config: contract.Config, index: int) -> str:
        """Do the work of one pod, or find it done, and return the termination message."""
        if not self.work[config.key, index]:
            self.work[config.key, index] += 1
        return contract.dump_result(result(config))

    def twice(self) -> list[tuple[str, int]]:
        """Return what was worked on more than once."""
        return [place for place, count in self.work.items() if count > 1]


def result(config: contract.Config) -> contract.Result:
    """Return the result that a stage would report."""
    match config:
        case contract.PrepareConfig():
            names = ["model", "prompts", *(each.name for each in config.benchmarks)]
            size = contract.ModelSize(parameters=1000, bytes=2000, layers=2, vocabulary=50)
            digests = {name: sha(name, config.key) for name in names}
            return contract.PrepareResult(stage="prepare", digests=digests, size=size)
        case contract.SelectConfig():
            return select(config)
        case contract.ReportConfig():
            return report(config)
        case _:
            return contract.StageDone(stage=config.stage, digest=sha(config.key), message="done")


def select(config: contract.SelectConfig) -> contract.SelectResult:
    """Return the choice of the first setting, worth what the key's digits say."""
    return contract.SelectResult(
        stage="select",
        digest=sha(config.key),
        message="chosen",
        setting=config.settings[0].name,
        k=config.science.k,
        value=repr(int(sha(config.key)[:4], 16) / 65536),
        settings=len(config.settings),
        problems=10,
    )


def report(config: contract.ReportConfig) -> contract.ReportResult:
    """Return what a report says of a candidate that is a little better."""
    one = contract.BenchmarkResult(
        benchmark=config.benchmarks[0].name,
        grading="Process",
        base=contract.Estimate(value="0.340", ci="0.262-0.421"),
        candidate=contract.Estimate(value="0.391", ci="0.310-0.470"),
        delta=contract.Estimate(value="0.051", ci="0.012-0.090"),
    )
    return contract.ReportResult(
        stage="report",
        digest=sha(config.key),
        decision="Promoted" if config.science.promotion else "Skipped",
        reasons=("delta above zero",),
        model_version="7",
        previous_champion="6",
        experiment_id="1",
        run_id="r1",
        url="http://mlflow/1/r1",
        results=(one,),
    )
