"""How often the positive control and its control arm open the gate: both over fixed seeds, none left out.

Every seed is a run of `examples/machine` with sampling.seed, training.seed and evaluation.seed set to it, and a
registered model of its own, so that no champion of another seed is in the way. As many seeds as there are cores run
side by side, each with one thread: two threads do not make so small a model twice as fast. Stop it any time: the same
command goes on, and a finished seed is not done again. `python scripts/science.py --help` tells the options.
"""

import argparse
import asyncio
import csv
import json
import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console

from ssd_jobs.contract import files
from ssd_operator.cli.document import understood
from ssd_operator.local import summary, view
from ssd_operator.local.attempts import WaitBudget
from ssd_operator.local.experiment import LocalExperiment, stop_on_signals
from ssd_operator.local.machine import Machine, cores
from ssd_operator.local.shared import SharedStages
from ssd_operator.local.warm import WarmProcesses

ROOT = Path(__file__).parent.parent
ARMS = {"machine": "selfdistill.yaml", "control": "control.yaml"}
BOUNDS = {"machine": (18, 20), "control": (0, 3)}
"""In how many of 20 seeds the gate is to open."""
SEEDS = 20
COLUMNS = (
    "arm",
    "seed",
    "decision",
    "opens",
    "base",
    "candidate",
    "gain",
    "low",
    "high",
    "setting_base",
    "setting_ssd",
)


def main() -> int:
    """Run what is missing, write the table, and say whether the bounds hold."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--workdir", type=Path, default=ROOT / "work" / "science")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="run the seeds below this number")
    given = parser.parse_args()
    given.workdir.mkdir(parents=True, exist_ok=True)
    with WarmProcesses() as warm:
        asyncio.run(Seeds(given.workdir, given.seeds, warm).run())
    return tell(list(rows(given.workdir, given.seeds)), given.seeds)


@dataclass
class Seeds:
    """All runs; what several have in common is done once."""

    workdir: Path
    seeds: int
    warm: WarmProcesses
    shared: SharedStages = field(default_factory=SharedStages)

    async def run(self) -> None:
        """Carry every run to its end, a seed to a core."""
        waiting = deque(range(self.seeds))
        task = asyncio.current_task()
        assert task is not None
        stop_on_signals(task)
        async with asyncio.TaskGroup() as group:
            for _ in range(cores()):
                group.create_task(self._one_after_the_other(waiting))

    async def _one_after_the_other(self, waiting: deque[int]) -> None:
        while waiting:
            seed = waiting.popleft()
            for arm in ARMS:  # one after the other: they share the evaluation of the base
                if not report(arm, seed, self.workdir):
                    await self._carry_out(arm, seed)
                    write(self.workdir, self.seeds)

    async def _carry_out(self, arm: str, seed: int) -> None:
        """Carry one run to its end."""
        name = name_of(arm, seed)
        text = document(arm, seed)
        _, spec = understood(text, origin=name)
        experiment = LocalExperiment(name, spec, self.workdir, tracking_uri="", run_process=self.warm)
        with (
            experiment.workdir.writable(),
            experiment.workdir.locked(),
            (self.workdir / f"{name}.log").open("a", encoding="utf-8") as log,
        ):
            with experiment.workdir.naming():
                experiment.workdir.source_file.write_text(text, encoding="utf-8")
            console = Console(file=log)
            state = await experiment.runner_on(
                Machine(cores=1, gpus=()),
                experiment.state(),
                wait_budget=WaitBudget(0),
                listener=lambda node, stage: view.line(console, node, stage),
                shared=self.shared,
            ).run()
        if summary.exit_code(state):
            raise SystemExit(f"{name} did not end well; its log is {log.name}")
        found = row(arm, seed, self.workdir)
        sys.stdout.write(f"{arm} {seed}: {found['decision']}, {found['gain']} [{found['low']}, {found['high']}]\n")
        sys.stdout.flush()


def document(arm: str, seed: int) -> str:
    """Return the file of one run."""
    written = yaml.safe_load((ROOT / "examples" / "machine" / ARMS[arm]).read_text(encoding="utf-8"))
    written["metadata"]["name"] = name_of(arm, seed)
    for section in ("sampling", "training", "evaluation"):
        written["spec"].setdefault(section, {})["seed"] = seed
    written["spec"]["promotion"] = {"registeredModel": name_of(arm, seed)}
    return yaml.safe_dump(written, sort_keys=False)


def rows(workdir: Path, seeds: int) -> Iterator[dict[str, Any]]:
    """Yield what has finished."""
    for arm in ARMS:
        for seed in range(seeds):
            if report(arm, seed, workdir):
                yield row(arm, seed, workdir)


def row(arm: str, seed: int, workdir: Path) -> dict[str, Any]:
    """Return what one run came to; the gain is that which the gate judged, best decoding against best decoding."""
    found = report(arm, seed, workdir)
    panel = next(each for each in found["panels"] if each["decides"])
    best = next(each for each in panel["comparisons"] if each["baseline"] == "BestDecode")
    arms = {each["arm"]: each for each in panel["arms"] if each["chosen"]}
    gain = best["delta"]["1"]["all"]
    return {
        "arm": arm,
        "seed": seed,
        "decision": found["decision"],
        "opens": found["decision"] == "Promoted",
        **{name: percent(arms[which]["pass_at"]["1"]["all"]["value"]) for name, which in
           (("base", "Base"), ("candidate", "Candidate"))},
        **{name: percent(gain[of]) for name, of in (("gain", "value"), ("low", "low"), ("high", "high"))},
        "setting_base": arms["Base"]["setting"],
        "setting_ssd": arms["Candidate"]["setting"],
    }  # fmt: skip


def report(arm: str, seed: int, workdir: Path) -> dict[str, Any]:
    """Return the newest report of a run, nothing before there is one."""
    finished = (manifest.with_name(files.REPORT_DOCUMENT) for manifest in workdir.glob(f"reports/*/{files.MANIFEST}"))
    for file in sorted(finished, key=lambda each: -each.stat().st_mtime):
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if found["experiment"] == name_of(arm, seed):
            return found
    return {}


def write(workdir: Path, seeds: int) -> None:
    """Write every finished seed as a row."""
    with (workdir / "seeds.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows(workdir, seeds))


def tell(found: list[dict[str, Any]], seeds: int) -> int:
    """Print in how many seeds the gate opened, and return 1 where a bound of 20 seeds does not hold."""
    held = True
    for arm, (least, most) in BOUNDS.items():
        own = [each for each in found if each["arm"] == arm]
        opened = sum(each["opens"] for each in own)
        mean = sum(each["gain"] for each in own) / len(own)
        sys.stdout.write(f"{arm}: the gate opened in {opened} of {len(own)} seeds, mean gain {mean:+.2f} points\n")
        held &= seeds < SEEDS or least <= opened <= most
    return 0 if held else 1


def percent(share: float) -> float:
    """Return a share in per cent."""
    return round(100 * share, 2)


def name_of(arm: str, seed: int) -> str:
    """Return the name of a run."""
    return f"{arm}-{seed:02d}"


if __name__ == "__main__":
    sys.exit(main())
