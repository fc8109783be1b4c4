"""`ssd sweep`: a sweep on this machine, and the table of what its cells found."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ssd_jobs import contract
from ssd_jobs.contract.cells import CellsTable
from ssd_operator.cli import cells, document, installed, sweep_plan, sweep_table, terminal
from ssd_operator.cli.place import DEFAULT_WAIT, DEFAULT_WORKDIR, WorkdirOption, checked_duration, checked_uri
from ssd_operator.errors import InvalidInput
from ssd_operator.local import machine, suitability, summary
from ssd_operator.local.chain import CellRun
from ssd_operator.local.comparison import compared, drifted
from ssd_operator.local.sweep import LocalSweep
from ssd_operator.local.warm import WarmProcesses
from ssd_operator.spec.sweep_resource import Sweep

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("sweep")(sweep)


def sweep(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A YAML file with one SelfDistillationSweep.")],
    workdir: WorkdirOption = DEFAULT_WORKDIR,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--cells", metavar="AXIS=VALUE,…", help="Run these cells only; repeat it for more. All are shown."
        ),
    ] = None,
    parallel: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Cells at once, instead of the file's number.")
    ] = None,
    export: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the table as CSV, a row per cell.")] = None,
    drift: Annotated[
        bool, typer.Option("--drift", help="Also load each round's model, for its entropy and its KL from the root.")
    ] = False,
    mlflow: Annotated[str, typer.Option(metavar="URI", help="MLflow server; by default a database in DIR.")] = "",
    wait: Annotated[
        str, typer.Option(metavar="DURATION", help="How long to wait, in all, for what is away; then exit with 75.")
    ] = DEFAULT_WAIT,
) -> int:
    """Carry a sweep's cells to their ends on this machine, and choose the best on select problems.

    Stop it any time: the same command continues.
    """
    console = terminal.console()
    wait_s = checked_duration(wait, "--wait")
    if export is not None and not export.absolute().parent.is_dir():
        raise InvalidInput(f"--export {export}: there is no such folder; make it first")
    parsed, all_cells = document.understood_sweep(document.text(file), origin=str(file))
    wanted = {cell.name for cell in cells.chosen(all_cells, only or [])}
    fields = parsed.fields
    with WarmProcesses() as warm:
        work = LocalSweep(parsed.name, all_cells, fields, workdir, tracking_uri=checked_uri(mlflow), run_process=warm)
        _check(work)
        work.run(wanted, console, wait_s=wait_s, parallel=parallel or fields.parallel, most_failed=fields.max_failed)
        found = work.cells()
        table = compared(found, fields, work.workdir, name=parsed.name)
        sweep_table.show(console, found, table, planned=sweep_plan.planned_hours(found, work.workdir.root))
        if drift:
            sweep_table.show_drift(console, found, list(drifted(found, fields, work.workdir)))
        if export is not None:
            sweep_table.export(export, found, table)
        ended = _exit_code({each.phase for each in found if each.cell.name in wanted})
        if table is None or any(each.phase == "Pending" for each in found):
            return ended
        return max(ended, _judged(parsed, work, found, table, console, wait_s=wait_s))


def _check(work: LocalSweep) -> None:
    """Refuse a sweep of which this machine cannot carry out a cell."""
    here = machine.detect()
    for each in work.cells():
        installed.require_for(each.cell.resolved())
        here.check(each.graph)
        suitability.check(each.graph, work.workdir.root)


def _judged(
    parsed: Sweep, work: LocalSweep, found: list[CellRun], table: CellsTable, console: Console, *, wait_s: float
) -> int:
    """Let the gate judge the best cell on report problems, once all cells have come to their ends."""
    [best] = (each.cell for each in found if each.cell.name == table.best.name)
    spec = parsed.judged(best, among=table.best.runs)
    if spec is None:
        return int(contract.ExitCode.OK)
    experiment, state, graph = work.judge(spec, found, console, wait_s=wait_s)
    summary.show(console, state, graph, experiment.workdir)
    return summary.exit_code(state)


def _exit_code(phases: set[str]) -> int:
    """Return 0 when all that was wanted has succeeded, 1 when a cell failed, 75 when something is away."""
    if "Failed" in phases:
        return int(contract.ExitCode.FAILED)
    return int(contract.ExitCode.TEMPORARY if "Pending" in phases else contract.ExitCode.OK)
