"""What a worker would leave behind: the results of stages that did their work, and who was at the same work with another.

Stands for the claim: a shard's directory is complete or absent, and a worker that finds it complete does nothing. So
nothing is done twice one after the other, and what would be is two pods that do it at the same time.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Set
from typing import Any

from ssd_jobs import contract

Raw = dict[str, Any]
Place = tuple[str, str, int]
"""A claim, the key of a stage, and an index: the same stage on two claims is two works."""


def sha(*parts: object) -> str:
    """Return a digest of anything."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


class Workspace:
    """The shards that are complete, and the pods that are at work on each."""

    def __init__(self) -> None:
        self.work: Counter[tuple[str, int]] = Counter()
        """Stage key and index -> times that the work was done."""
        self._at_work: defaultdict[Place, set[str]] = defaultdict(set)
        self._twice: list[Place] = []

    def begin(self, place: Place, pod: str) -> None:
        """Let a pod begin; another one that is at the same work is noted."""
        at_work = self._at_work[place]
        if at_work - {pod}:
            self._twice.append(place)
        at_work.add(pod)

    def end(self, place: Place, pod: str) -> None:
        """Let a pod end, however."""
        self._at_work[place].discard(pod)

    def keep_only(self, pods: Set[str]) -> None:
        """Forget pods that are gone without an end."""
        for at_work in self._at_work.values():
            at_work.intersection_update(pods)

    def complete(self, config: contract.Config, index: int) -> str:
        """Do the work of one pod, or find it done, and return the termination message."""
        if not self.work[config.key, index]:
            self.work[config.key, index] += 1
        return contract.dump_result(result(config))

    def twice(self) -> list[Place]:
        """Return what two pods were at work on at the same time."""
        return list(self._twice)


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
