"""The toy machine's grid: does untruncated training collapse onto T_train x T_eval, and does truncated training gain?

It runs `examples/studies/machine-grid.yaml`, compares its cells, and judges both laws against the best decoding of the
machine's exact probabilities. Stop it any time: the same command goes on.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

from ssd_jobs.study import collapse
from ssd_jobs.study.document import Study
from ssd_jobs.theory import machine

ROOT = Path(__file__).parent.parent
SWEEP = ROOT / "examples" / "studies" / "machine-grid.yaml"


def main() -> int:
    """Run what is missing, write the study, and say whether the laws hold."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--workdir", type=Path, default=ROOT / "work" / "science-grid")
    given = parser.parse_args()
    begin, output = time.monotonic(), given.workdir / "study"
    ssd = Path(sys.executable).parent / "ssd"
    for command in (
        ["sweep", str(SWEEP), "--workdir", str(given.workdir)],
        ["compare", str(given.workdir), "--to", str(output)],
    ):
        done = subprocess.run([ssd, *command], check=False)
        if done.returncode:
            return done.returncode
    study = Study.model_validate_json((output / "study.json").read_text(encoding="utf-8"))
    return tell(collapse.cells(study), time.monotonic() - begin)


def tell(found: list[collapse.GridCell], seconds: float) -> int:
    """Print every cell and both laws; return 1 where one does not hold."""
    curves = machine.curves()
    best = machine.best(curves.temperatures, curves.teacher).success
    for each in sorted(found, key=lambda cell: (cell.truncated, cell.train * cell.decode)):
        kind = "truncated" if each.truncated else "untruncated"
        sys.stdout.write(
            f"{kind:<11} T_train {each.train:<5g} T_eval {each.decode:<6g} product {each.train * each.decode:<7.3g}"
            f" {100 * each.share:5.1f} %   of {' '.join(f'{100 * model.share:.1f}' for model in each.models)}\n"
        )
    sentence, holds = collapse.tell(collapse.judge(found, best), best)
    sys.stdout.write(f"{sentence}; {seconds:.0f} s: {'both laws hold' if holds else 'a law does not hold'}\n")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
