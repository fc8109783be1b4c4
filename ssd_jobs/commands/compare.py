"""Several finished runs as one study: `python -m ssd_jobs.commands.compare REPORT… --output DIR`.

A REPORT is the directory of a finished report. Written are a page, its document as JSON, every evaluation as CSV, and
the figures; printed is what was gained.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from ssd_jobs.commands.program import main_of
from ssd_jobs.scoring.formatting import percent, points
from ssd_jobs.stages.report.document import Number
from ssd_jobs.study import build, export, page, wording
from ssd_jobs.study.document import Study, StudyRow

__all__ = ["main"]


def main(arguments: list[str]) -> str:
    """Write the study and return its table."""
    parser = argparse.ArgumentParser(prog="python -m ssd_jobs.commands.compare", description=__doc__)
    parser.add_argument("reports", type=Path, nargs="+", metavar="REPORT")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    given = parser.parse_args(arguments)
    study = build.build(given.reports)
    written = export.write(study, given.output)
    if given.format == "json":
        return study.model_dump_json(indent=1, exclude={"points"})
    return "\n".join([*_lines(study), "", *map(str, written)])


def _lines(study: Study) -> Iterator[str]:
    """Yield what was gained."""
    names = [row.label if row.runs == 1 else f"{row.label} (mean of {row.runs} trainings)" for row in study.rows]
    width = max(map(len, names))
    k = min(study.k)
    yield f"{study.benchmark}, {study.problems['all']} report problems x {study.samples} samples, pass@{k}"
    for name, row in zip(names, study.rows, strict=True):
        yield f"{name:<{width}}  {_numbers(row, k)}"
    if study.best:
        yield wording.best_sentence(study.best)
    for gain in study.recipes:
        yield f"{gain.cell}: the recipe gains {_gain(gain.recipe)}; {page.recipe_sentence(gain)}"


def _numbers(row: StudyRow, k: int) -> str:
    """Return a row's pass@k and its gain."""
    level = row.pass_at[k]["all"]
    text = f"{percent(level.value)} [{percent(level.low)}, {percent(level.high)}]"
    return f"{text}  {_gain(row.gain[k]['all'])}" if row.gain else text


def _gain(number: Number) -> str:
    return f"{points(number.value)} [{points(number.low)}, {points(number.high)}]"


if __name__ == "__main__":
    sys.exit(main_of(main))
