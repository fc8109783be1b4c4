"""The table of a sweep: for people, with the best cell and what the choice is worth, and as CSV."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ssd_jobs.contract.cells import CellRow, CellsTable, DriftFound
from ssd_operator.cli import terminal
from ssd_operator.errors import InvalidInput
from ssd_operator.local.chain import CellRun
from ssd_operator.plan import gpu_hours
from ssd_operator.spec.sweep_rules import COLUMNS

__all__ = ["export", "show", "show_drift"]

OF_A_CELL = ("cell", "replicate", "round", "candidate_step", "name", "phase")
ON_THE_WAY = (
    "a step before the last is that training on its way: where the learning rate decays, step 250 of 1,000 is not a "
    "run of 250 steps"
)
FOUND = tuple(name for name in COLUMNS if name not in OF_A_CELL)


def show(console: Console, cells: Sequence[CellRun], found: CellsTable | None, *, planned: str) -> None:
    """Print a row per cell, why cells failed, the GPU-hours, of which so many are planned at most, and the best."""
    rows = _rows(found)
    metric = f"pass@{found.k} " if found is not None else ""
    table = terminal.table(
        "CELL", "REPLICATE", "STATE", f"{metric}SELECT", "REPORT", "BASE", "DIFFERENCE", "OVER BASELINE"
    )
    for each in cells:
        head = (each.cell.origin, str(each.cell.replicate), each.phase)
        table.add_row(*head, *(_numbers(rows[each.cell.name]) if each.cell.name in rows else ()))
    console.print(table)
    if any(each.cell.step not in (0, each.cell.of_steps) for each in cells):
        console.print(ON_THE_WAY, soft_wrap=True)
    for each in cells:
        if each.message and each.phase != "Succeeded":
            style = "red" if each.phase == "Failed" else "yellow"
            console.print(f"{each.cell.origin} #{each.cell.replicate}: {each.message}", style=style, soft_wrap=True)
    if found is not None and any(row.curve for row in found.rows):
        console.print(_rounds(found))
    spent = gpu_hours.text(found.gpu_hours if found is not None else 0.0)
    console.print(f"GPU-hours: at most {planned} planned, {spent} spent by cells that have finished", soft_wrap=True)
    if found is not None:
        console.print(_best(found, cells), style="bold", soft_wrap=True)


def show_drift(console: Console, cells: Sequence[CellRun], found: Sequence[DriftFound]) -> None:
    """Print how far the rounds of every chain are from its root, on texts that the root wrote."""
    origins = {each.cell.name: f"{each.cell.origin} #{each.cell.replicate}" for each in cells}
    table = terminal.table("MODEL", "ENTROPY", "KL FROM THE ROOT", "TEXTS", "TOKENS")
    for chain in found:
        for row in chain.rows:
            numbers = (f"{row.entropy:.4f}", f"{row.divergence:.4f}", str(chain.texts), str(chain.positions))
            table.add_row(origins.get(row.name, "root"), *numbers)
    console.print(table)


def export(file: Path, cells: Sequence[CellRun], found: CellsTable | None) -> None:
    """Write a row per cell with its axes, its replicate, and everything that was decided by."""
    axes = list(dict.fromkeys(axis for each in cells for axis in each.cell.values))
    rows = _rows(found)
    try:
        with file.open("w", encoding="utf-8", newline="") as opened:
            writer = csv.writer(opened)
            writer.writerow((*OF_A_CELL, *axes, *FOUND))
            for each in cells:
                number, step = each.cell.round or "", each.cell.step or ""
                which = (each.cell.origin, each.cell.replicate, number, step, each.cell.name, each.phase)
                values = (each.cell.values.get(axis, "") for axis in axes)
                row = rows.get(each.cell.name)
                writer.writerow((*which, *values, *("" if row is None else getattr(row, name) for name in FOUND)))
    except OSError as error:
        raise InvalidInput(f"--export {file}: cannot be written ({error.strerror})") from None


def _rows(found: CellsTable | None) -> dict[str, CellRow]:
    return {} if found is None else {row.name: row for row in found.rows}


def _numbers(row: CellRow) -> Iterator[str]:
    """Yield what one cell found, as `ssd run` shows it."""
    yield f"{row.select:.3f}"
    yield f"{row.report:.3f} [{row.report_low:.3f}-{row.report_high:.3f}]"
    yield f"{row.base_report:.3f}"
    yield f"{row.difference:+.3f} [{row.difference_low:+.3f} to {row.difference_high:+.3f}]"
    yield "" if row.over_baseline is None else f"{row.over_baseline:+.3f}"


def _rounds(found: CellsTable) -> Table:
    """Return what is followed over the rounds, the candidate of each at its chosen setting on report problems."""
    ks = sorted({k for row in found.rows if row.curve for k in row.curve.pass_at})
    table = terminal.table(
        "ROUND", "REPLICATE", *(f"pass@{k}" for k in ks), "OVER ROOT", "VARIETY", "TOKENS", "CUT OFF"
    )
    for row in found.rows:
        if row.curve:
            table.add_row(
                row.origin,
                str(row.replicate),
                *(f"{row.curve.pass_at[k]:.3f}" for k in ks),
                ""
                if row.over_root is None
                else f"{row.over_root:+.3f} [{row.over_root_low:+.3f} to {row.over_root_high:+.3f}]",
                "" if row.curve.variety is None else f"{row.curve.variety:.3f}",
                f"{row.curve.tokens:.1f}",
                f"{row.curve.truncated:.3f}",
            )
    return table


def _best(found: CellsTable, cells: Sequence[CellRun]) -> str:
    """Say which cell is the best: of how many, on which problems, and what it is worth where nothing was chosen."""
    best, all_runs = found.best, len(cells)
    what = "cells x steps" if any(each.cell.step for each in cells) else "cells"
    of = f"{best.cells} {what}" if best.runs == best.cells else f"{best.cells} {what} in {best.runs} runs"
    unfinished = f"; {all_runs - best.runs} of {all_runs} runs have not finished" if best.runs < all_runs else ""
    chosen_on = f"{found.select_problems} select problems of {found.select_benchmark}"
    told_on = f"{found.report_problems} report problems of {found.benchmark}"
    return (
        f"best: {best.origin}, of {of} by pass@{found.k} on {chosen_on}: {best.select:.3f} there, {best.report:.3f} on "
        f"{told_on}; optimism {100 * best.optimism:+.1f} points{unfinished}"
    )
