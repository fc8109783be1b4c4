"""`ssd doctor`: what of this machine a run will use, and what is missing."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ssd_operator.cli import document, installed, terminal
from ssd_operator.cli.output import TableOption, is_json
from ssd_operator.cli.place import DEFAULT_WORKDIR, WorkdirOption
from ssd_operator.errors import InvalidInput
from ssd_operator.local import machine
from ssd_operator.local.experiment import LocalExperiment
from ssd_operator.local.findings import Finding, findings
from ssd_operator.local.inspection import Inspection, inspect

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor")(doctor)


def doctor(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="Also say whether this experiment can run here.")
    ] = None,
    workdir: WorkdirOption = DEFAULT_WORKDIR,
    output: TableOption = "table",
) -> int:
    """Look at this machine: what a run will use, and what is missing; 64 when something is."""
    as_json = is_json(output, otherwise="table")
    seen = inspect(workdir, collectives=True)
    found = findings(seen)
    if as_json:
        typer.echo(json.dumps({"device": seen.device, "findings": [asdict(each) for each in found]}, indent=1))
    else:
        _show(seen, found)
    if file is not None:
        _check(file, workdir, seen)
    return InvalidInput.exit_code if any(each.state == "missing" for each in found) else 0


def _show(seen: Inspection, found: list[Finding]) -> None:
    """Draw the table that people read."""
    console = terminal.console()
    table = terminal.table("WHAT", "STATE", "FOUND")
    for each in found:
        table.add_row(each.subject, each.state, each.text)
    console.print(table)
    console.print(f"runs use: {seen.device}", soft_wrap=True)


def _check(file: Path, workdir: Path, seen: Inspection) -> None:
    """Refuse an experiment that cannot run here, with the first reason."""
    name, spec = document.read(file)
    installed.require_for(spec)
    experiment = LocalExperiment(name, spec, workdir, tracking_uri="")
    graph = experiment.graph(experiment.state())
    machine.detect().check(graph)
    if any(node.gpus for node in graph):
        seen.require_gpus()
