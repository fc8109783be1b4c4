"""Stage processes that do no work: they leave behind what the real ones would, as far as a runner looks at it."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from cluster.worker import result
from ssd_jobs import contract
from ssd_jobs.contract import files
from ssd_operator.local.processes import Finished

SHARDED = (contract.SampleConfig, contract.GenerateConfig, contract.GradeConfig)


class StandIn:
    """Stands in for stage processes: what is not complete is made, and counted."""

    def __init__(self) -> None:
        self.work: Counter[Path] = Counter()
        self.started: Counter[tuple[str, str, int]] = Counter()
        """Kind, key and index -> how often such a process was started."""

    async def __call__(self, config: Path, *, index: int, log: Path, environment: Mapping[str, str]) -> Finished:
        """Make what one process of a stage makes."""
        wanted = contract.load(config)
        self.started[wanted.stage, wanted.key, index] += 1
        for key, path in made(wanted):
            place = Path(wanted.workspace) / path
            place = files.shard(place, index, wanted.execution.shards) if isinstance(wanted, SHARDED) else place
            if not (place / files.MANIFEST).exists():
                self.work[place] += 1
                place.mkdir(parents=True)
                if isinstance(wanted, contract.SelectConfig):
                    (place / files.SELECTION).write_text(chosen_by(wanted).model_dump_json())
                (place / files.MANIFEST).write_text(json.dumps({"key": key}))
        return Finished(0, contract.dump_result(result(wanted)), "")


def chosen_by(config: contract.SelectConfig) -> contract.Choice:
    """Return the choice of the first setting."""
    tried = tuple(contract.Tried(name=each.name, decode=each.decode, value=0.5) for each in config.settings)
    return contract.Choice(
        arm=config.arm,
        chosen=tried[0].name,
        benchmark=config.select_benchmark,
        problems=40,
        k=config.science.k,
        tried=tried,
    )


def made(config: contract.Config) -> Iterator[tuple[str, str]]:
    """Yield key and path of every artifact that a config asks for, of the chosen setting where one was chosen."""
    if not isinstance(config, contract.GenerateConfig | contract.GradeConfig) or not config.selection:
        yield from asked_for(config)
        return
    text = (Path(config.workspace) / config.selection / files.SELECTION).read_text()
    chosen = contract.Choice.model_validate_json(text).chosen
    if isinstance(config, contract.GenerateConfig):
        yield from ((each.key, each.output) for each in config.settings if each.name == chosen)
    else:
        yield from ((each.key, each.output) for each in config.tasks if each.setting == chosen)


def asked_for(part: contract.Model) -> Iterator[tuple[str, str]]:
    """Yield key and path of every artifact that a config, or a part of it, names."""
    for name, value in part:
        if name in ("output", "tests_output"):
            yield part.key, value  # type: ignore[attr-defined]  # who has an output has a key
        for inner in value if isinstance(value, tuple) else (value,):
            if isinstance(inner, contract.Model):
                yield from asked_for(inner)
