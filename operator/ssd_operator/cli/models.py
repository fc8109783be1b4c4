"""`ssd report`, `regrade`, `promote`, `rollback`: a finished run looked at again, and aliases moved by hand."""

import webbrowser
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from ssd_jobs import contract
from ssd_jobs.contract import files
from ssd_operator.cli import terminal, worker
from ssd_operator.cli.output import OutputOption, is_json, write
from ssd_operator.cli.place import (
    DEFAULT_WAIT,
    DEFAULT_WORKDIR,
    NameOption,
    PlaceArgument,
    WorkdirOption,
    checked_duration,
    checked_uri,
    find,
)
from ssd_operator.errors import InvalidInput
from ssd_operator.local import reports, summary
from ssd_operator.local.workdir import mlflow_database
from ssd_operator.spec.resolved import ResolvedSpec

__all__ = ["register"]

Tracking = Annotated[
    str, typer.Option("--mlflow", metavar="URI", help="MLflow server; by default the database in DIR.")
]
Model = Annotated[str, typer.Argument(metavar="MODEL", help="The registered model's name.")]
Alias = Annotated[str, typer.Option(help="The alias to move.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for name, command in (("report", report), ("regrade", regrade), ("promote", promote), ("rollback", rollback)):
        app.command(name)(command)


def report(
    place: PlaceArgument,
    workdir: WorkdirOption = DEFAULT_WORKDIR,
    name: NameOption = "",
    show: Annotated[bool, typer.Option("--open", help="Open its page in a browser.")] = False,
    form: OutputOption = "text",
) -> int:
    """Show the result of a finished experiment and where its report is."""
    as_json = is_json(form)
    found = find(place, workdir, name)
    experiment = found.experiment()
    state = experiment.state()
    graph = experiment.graph(state)
    folder = reports.finished(state, graph, experiment.workdir.root)
    result = state.result_of(contract.ReportResult)
    if folder is None or result is None:
        raise InvalidInput(f"{experiment.workdir.root}: {found.name} has no report yet; make one with: ssd run FILE")
    page = folder / files.REPORT_PAGE
    if as_json:
        write({"name": found.name, "page": str(page), "result": result.model_dump(mode="json")})
    else:
        summary.show(terminal.console(), state, graph, experiment.workdir)
    if show and not webbrowser.open(page.resolve().as_uri()):
        raise InvalidInput(f"--open: no browser was found; open this file yourself: {page.resolve()}")
    return 0


def regrade(
    place: PlaceArgument,
    workdir: WorkdirOption = DEFAULT_WORKDIR,
    name: NameOption = "",
    mode: Annotated[str, typer.Option(metavar="Process|LCB", help="Grade under this mode too, and report again.")] = "",
    mlflow: Tracking = "",
    form: OutputOption = "text",
) -> int:
    """Grade the stored samples again and say whether any verdict differs; nothing is overwritten."""
    if is_json(form) and mode:
        raise InvalidInput(f"--output {form}: says nothing of a new report; leave it out, and ask ssd report {place}")
    found = find(place, workdir, name)
    if mode:
        console = terminal.console()
        experiment = replace(found, spec=_also_graded(found.spec, mode)).experiment(tracking_uri=checked_uri(mlflow))
        state, graph = experiment.run(console, wait_s=checked_duration(DEFAULT_WAIT, "--wait"))
        summary.show(console, state, graph, experiment.workdir)
        return summary.exit_code(state)
    experiment = found.experiment()
    graph = experiment.graph(experiment.state())
    configs = [experiment.workdir.config_file(node.name) for node in graph.of(contract.GradeConfig)]
    missing = next((config for config in configs if not config.exists()), None)
    if missing is not None:
        raise InvalidInput(f"{missing}: not there; nothing was graded here yet, run: ssd run FILE")
    wanted = ("--workspace", str(experiment.workdir.root), "--form", form)
    return worker.call("ssd_jobs.commands.regrade", *map(str, configs), *wanted, needs="pyarrow")


def promote(
    model: Model,
    version: Annotated[str, typer.Argument(metavar="VERSION", help="The version that takes the alias.")],
    reason: Annotated[str, typer.Option(help="Why the gate is overruled; it stays with the version.")],
    alias: Alias = "champion",
    workdir: WorkdirOption = DEFAULT_WORKDIR,
    mlflow: Tracking = "",
    form: OutputOption = "text",
) -> int:
    """Give a registered version the alias because you say so; the gate is not asked, and that is recorded."""
    is_json(form)
    place = ("--tracking-uri", checked_uri(mlflow) or _database(workdir), "--model", model)
    wanted = ("--version", version, "--alias", alias, "--reason", reason, "--form", form)
    return worker.call("ssd_jobs.commands.promote", *place, *wanted, needs="mlflow")


def rollback(
    model: Model,
    alias: Alias = "champion",
    workdir: WorkdirOption = DEFAULT_WORKDIR,
    mlflow: Tracking = "",
    form: OutputOption = "text",
) -> int:
    """Give the alias back to the version that had it before."""
    is_json(form)
    place = ("--tracking-uri", checked_uri(mlflow) or _database(workdir), "--model", model)
    return worker.call("ssd_jobs.commands.rollback", *place, "--alias", alias, "--form", form, needs="mlflow")


def _also_graded(spec: ResolvedSpec, mode: str) -> ResolvedSpec:
    """Return the spec with one more grading mode; samples and weights keep their keys, so only the grades are new."""
    if mode not in ("Process", "LCB"):
        raise InvalidInput(f"--mode {mode}: there is no such grading mode; name Process or LCB")
    benchmarks = tuple(
        each.model_copy(update={"grading": tuple(dict.fromkeys((*each.grading, mode)))})
        for each in spec.evaluation.benchmarks
    )
    return spec.model_copy(update={"evaluation": spec.evaluation.model_copy(update={"benchmarks": benchmarks})})


def _database(workdir: Path) -> str:
    """Return the MLflow store of a directory, or say that there is none."""
    database = mlflow_database(workdir)
    if not database.exists():
        raise InvalidInput(
            f"--workdir {workdir}: holds no {database.name}; name the directory of a run, or a server with --mlflow"
        )
    return f"sqlite:///{database}"
