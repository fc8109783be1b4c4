"""What a comparison would show, before it is made: `python -m ssd_jobs.commands.power`.

What is known of the base comes from a finished report, from pass rates by difficulty, or else from the paper. What is
printed is a table, JSON, or one sentence.
"""

import argparse
import itertools
import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ssd_jobs.commands.program import main_of
from ssd_jobs.errors import BadInput
from ssd_jobs.scoring import base_rates, gate_power
from ssd_jobs.scoring.base_rates import PAPER_BASE, BaseRates
from ssd_jobs.scoring.formatting import percent, points
from ssd_jobs.scoring.gate_power import Chances, Design
from ssd_jobs.scoring.power import POWER
from ssd_jobs.stages.report import reading

__all__ = ["main"]

NUMBER = r"\d+(?:\.\d+)?"
PRIOR = re.compile(rf"(?P<name>\w+)=(?P<problems>[1-9]\d*)x(?P<one>{NUMBER})(?:/(?P<five>{NUMBER}))?")
PAPER = "the base that the paper reports (Qwen3-4B-Instruct, LiveCodeBench v6)"
HEADINGS = ("problems", "select", "reported", "samples", "replicates", "gain", "shown", "gate opens", "recipe shown")


@dataclass(frozen=True)
class PowerRow:
    """One way to run a study, one true gain, and what would become of it."""

    problems: int
    select_share: float
    reported: int
    samples: int
    replicates: int
    gain: float
    chances: Chances
    detectable: float
    """The gain that one model shows in 80 % of runs."""


def main(arguments: list[str]) -> str:
    """Return the table."""
    given = _parser().parse_args(arguments)
    base, origin = _base(given)
    rows = list(_rows(given, base))
    if given.output == "json":
        return json.dumps({"base": origin, "rows": [asdict(row) for row in rows]}, indent=1)
    if given.output == "sentence":
        return _sentence(rows, given.name, origin)
    return "\n".join([f"From {origin}.", "", *_table(rows), "", *_notes(given, rows)])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ssd_jobs.commands.power", description=__doc__)
    parser.add_argument("--report", type=Path, help="the report.json of a finished run")
    parser.add_argument("--prior", default="", help="NAME=PROBLEMSxPASS1[/PASS5],…")
    parser.add_argument("--name", default="", help="what the sentence calls the benchmark")
    parser.add_argument("--gain", type=_floats, required=True, help="true gains, in points")
    parser.add_argument("--problems", type=_integers, default=[])
    parser.add_argument("--samples", type=_integers, default=[])
    parser.add_argument("--replicates", type=_integers, default=[1])
    parser.add_argument("--select-share", type=_floats, default=[0.0])
    parser.add_argument("--change-sd", type=float, default=10.0, help="in points")
    parser.add_argument("--training-sd", type=float, default=1.0, help="in points")
    for name, default in (("--confidence", 0.95), ("--min-gain", 0.0), ("--max-difficulty-drop", 0.02)):
        parser.add_argument(name, type=float, default=default)
    parser.add_argument("--output", choices=("table", "json", "sentence"), default="table")
    return parser


def _base(given: argparse.Namespace) -> tuple[tuple[BaseRates, ...], str]:
    """Return what is known of the base, and where from."""
    if given.prior:
        return _prior(given.prior), "the pass rates of --prior"
    if given.report is None:
        return PAPER_BASE, PAPER
    pair = reading.compared_counts(reading.document(given.report))
    given.samples = given.samples or [pair.samples]
    rates = base_rates.of_counts(pair.base, pair.samples, pair.difficulty)
    return rates, f"the base's {pair.base.size} x {pair.samples} verdicts on {pair.benchmark} in {given.report}"


def _prior(text: str) -> tuple[BaseRates, ...]:
    """Read pass rates by difficulty."""
    found = [PRIOR.fullmatch(each) for each in text.split(",")]
    if not all(found):
        raise BadInput(f"--prior {text}: write NAME=PROBLEMSxPASS1 or NAME=PROBLEMSxPASS1/PASS5, such as easy=31x79.7")
    return tuple(
        base_rates.of_pass_rates(
            each["name"],
            int(each["problems"]),
            float(each["one"]) / 100,
            float(each["five"]) / 100 if each["five"] else None,
        )
        for each in found
        if each
    )


def _rows(given: argparse.Namespace, base: Sequence[BaseRates]) -> Iterator[PowerRow]:
    """Yield every combination."""
    sizes = given.problems or [sum(each.problems for each in base)]
    samples = given.samples or [10]
    for problems, share, many, replicates in itertools.product(sizes, given.select_share, samples, given.replicates):
        reported = _reported(base, problems, share)
        design = Design(
            samples=many,
            change_sd=given.change_sd / 100,
            replicates=replicates,
            training_sd=given.training_sd / 100,
            confidence=given.confidence,
            min_gain=given.min_gain,
            max_difficulty_drop=given.max_difficulty_drop,
        )
        for gain in given.gain:
            yield PowerRow(
                problems=problems,
                select_share=share,
                reported=sum(each.problems for each in reported),
                samples=many,
                replicates=replicates,
                gain=gain / 100,
                chances=gate_power.chances(reported, gain / 100, design),
                detectable=gate_power.detectable(reported, design),
            )


def _reported(base: Sequence[BaseRates], problems: int, share: float) -> tuple[BaseRates, ...]:
    """Return the base on the problems that are left to report on."""
    if not 0 <= share < 1:
        raise BadInput(f"--select-share {share:g}: must be 0 or more, and below 1")
    left = problems - round(share * problems)
    if left < 2:
        raise BadInput(f"--problems {problems}: leaves {left} to report on, and an interval needs 2 or more")
    return base_rates.resized(base, left)


def _table(rows: Sequence[PowerRow]) -> Iterator[str]:
    """Yield the lines of the table."""
    several = any(row.chances.recipe is not None for row in rows)
    cells = [HEADINGS, *(_cells(row) for row in rows)]
    if not several:
        cells = [each[:-1] for each in cells]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    for row in cells:
        yield "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _cells(row: PowerRow) -> tuple[str, ...]:
    recipe = "-" if row.chances.recipe is None else f"{row.chances.recipe:.0%}"
    sizes = (row.problems, f"{row.select_share:.0%}", row.reported, row.samples, row.replicates)
    return (*map(str, sizes), points(row.gain), f"{row.chances.shown:.0%}", f"{row.chances.opens:.0%}", recipe)


def _notes(given: argparse.Namespace, rows: Sequence[PowerRow]) -> Iterator[str]:
    """Yield what one must know to read the table."""
    for row in {(each.reported, each.samples): each for each in rows}.values():
        size = f"{row.reported} problems x {row.samples} samples"
        yield f"{size} show a gain of {percent(row.detectable)} points in {POWER:.0%} of runs."
    yield f"Single problems are taken to change by {given.change_sd:g} points (SD) beside the gain: --change-sd."
    if any(row.replicates > 1 for row in rows):
        yield f"Trainings of one recipe are taken to differ by {given.training_sd:g} points (SD): --training-sd."


def _sentence(rows: Sequence[PowerRow], name: str, origin: str) -> str:
    """Return the first row in words."""
    row = rows[0]
    parts = f", {row.select_share:.0%} of it select" if row.select_share else ""
    seen = f"{points(row.gain)} is seen in {row.chances.shown:.0%} of runs, {points(row.detectable)} in {POWER:.0%}"
    return f"power on {name}: {row.problems} x {row.samples}{parts}: {seen} (ssd power; from {origin})"


def _floats(text: str) -> list[float]:
    """Read a list of numbers."""
    try:
        return [float(each) for each in text.split(",")]
    except ValueError:
        raise BadInput(f"{text}: is no list of numbers such as 2,3.3") from None


def _integers(text: str) -> list[int]:
    """Read a list of whole numbers from 1 on."""
    if not all(each.isdecimal() and int(each) > 0 for each in text.split(",")):
        raise BadInput(f"{text}: is no list of whole numbers from 1 on, such as 131,262")
    return [int(each) for each in text.split(",")]


if __name__ == "__main__":
    sys.exit(main_of(main))
