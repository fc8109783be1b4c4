"""How often the positive control and its control arm open the gate: both over fixed seeds, none left out.

Every seed is a run of `examples/machine` with sampling.seed, training.seed and evaluation.seed set to it, and a
registered model of its own, so that no champion of another seed is in the way. Stop it any time: the same command goes
on, and a finished seed is not done again. `python scripts/science.py --help` tells the options.
"""

import argparse
import csv
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from ssd_jobs.contract import files

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
    for seed in range(given.seeds):
        for arm in ARMS:
            run(arm, seed, given.workdir)
            write(given.workdir, given.seeds)
    return tell(list(rows(given.workdir, given.seeds)), given.seeds)


def run(arm: str, seed: int, workdir: Path) -> None:
    """Carry one run to its end; where it has ended nothing is done."""
    document = yaml.safe_load((ROOT / "examples" / "machine" / ARMS[arm]).read_text(encoding="utf-8"))
    document["metadata"]["name"] = name_of(arm, seed)
    spec = document["spec"]
    for section in ("sampling", "training", "evaluation"):
        spec.setdefault(section, {})["seed"] = seed
    spec["promotion"] = {"registeredModel": name_of(arm, seed)}
    file = workdir / f"{name_of(arm, seed)}.yaml"
    file.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    ssd = Path(sys.executable).parent / "ssd"
    with (workdir / f"{name_of(arm, seed)}.log").open("a", encoding="utf-8") as log:
        done = subprocess.run([ssd, "run", file, "--workdir", workdir], stdout=log, stderr=log, check=False)
    if done.returncode:
        sys.exit(f"{file}: ssd run ended with {done.returncode}; its log is {log.name}")
    found = row(arm, seed, workdir)
    sys.stdout.write(f"{found['arm']} {seed}: {found['decision']}, {found['gain']} [{found['low']}, {found['high']}]\n")
    sys.stdout.flush()


def rows(workdir: Path, seeds: int) -> Iterator[dict[str, Any]]:
    """Yield what has finished."""
    for arm in ARMS:
        for seed in range(seeds):
            if (workdir / ".ssd" / name_of(arm, seed)).is_dir() and report(arm, seed, workdir):
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
    for file in sorted(workdir.glob(f"reports/*/{files.REPORT_DOCUMENT}"), key=lambda each: -each.stat().st_mtime):
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
