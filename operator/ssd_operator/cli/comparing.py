"""`ssd compare`: several finished runs of one study, side by side."""

from pathlib import Path
from typing import Annotated

import typer

from ssd_jobs.contract import files
from ssd_operator.cli import worker
from ssd_operator.cli.output import TableOption, is_json
from ssd_operator.cli.place import DEFAULT_WORKDIR, FoundExperiment, WorkdirOption, find
from ssd_operator.errors import InvalidInput
from ssd_operator.local import workdir as places
from ssd_operator.local.reports import finished

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("compare")(compare)


def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN…", help="Files of experiments, directories in which they ran, or reports."),
    ],
    directory: Annotated[Path, typer.Option("--to", metavar="DIR", help="Where page, CSV and JSON go.")] = Path(
        "study"
    ),
    workdir: WorkdirOption = DEFAULT_WORKDIR,
    output: TableOption = "table",
) -> int:
    """Compare finished runs of one study: a page with table and figures, CSV and JSON; replicates give the recipe."""
    is_json(output, otherwise="table")
    reports = [str(report) for run in runs for report in _reports(run, workdir)]
    wanted = (f"--output={directory}", f"--format={output}")
    return worker.call("ssd_jobs.commands.compare", *reports, *wanted, needs="matplotlib")


def _reports(run: Path, directory: Path) -> list[Path]:
    """Return the finished reports that a person means: one, or all of a directory in which several experiments ran."""
    if (run / files.REPORT_DOCUMENT).is_file():
        return [run]
    if run.name == files.REPORT_DOCUMENT and run.is_file():
        return [run.parent]
    names = places.names(run) if run.is_dir() else []
    found = [find(run, directory, name) for name in names] or [find(run, directory)]
    reports = [_report(each, among_others=len(found) > 1) for each in found]
    if not any(reports):
        raise InvalidInput(f"{run}: has no report yet; make one with: ssd run FILE")
    return [report for report in reports if report]


def _report(found: FoundExperiment, *, among_others: bool) -> Path | None:
    """Return where a report is, if there is one; the judged cell of a sweep is among its cells already."""
    experiment = found.experiment()
    state = experiment.state()
    if among_others and found.spec.promotion is not None and found.spec.promotion.chosen_among is not None:
        return None
    return finished(state, experiment.graph(state), experiment.workdir.root)
