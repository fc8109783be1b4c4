"""`ssd plan`: what would happen, without anything happening."""

import json
from pathlib import Path
from typing import Annotated

import typer
import yaml

from ssd_jobs import contract
from ssd_operator.cli import document, power, sweep_cost, sweep_plan, terminal
from ssd_operator.cli.output import TableOption, is_json
from ssd_operator.cli.place import DEFAULT_WORKDIR, FileArgument, WorkdirOption
from ssd_operator.errors import InvalidInput
from ssd_operator.local import cache, edited, suitability
from ssd_operator.local.experiment import LocalExperiment
from ssd_operator.local.sweep import LocalSweep
from ssd_operator.plan import Node

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("plan")(plan)


def plan(
    file: FileArgument,
    workdir: WorkdirOption = DEFAULT_WORKDIR,
    configs: Annotated[bool, typer.Option("--configs", help="Print each stage's complete config as well.")] = False,
    output: TableOption = "table",
) -> int:
    """Show the stages with their keys, what is on disk already, and what each needs; start nothing."""
    as_json = is_json(output, otherwise="table")
    written = document.text(file)
    if document.is_sweep(written, origin=str(file)):
        if configs:
            raise InvalidInput(f"--configs: {file} is a sweep, which has many; plan one cell of it by itself")
        sweep, cells = document.understood_sweep(written, origin=str(file))
        planned = LocalSweep(sweep.name, cells, sweep.fields, workdir, tracking_uri="")
        sweep_plan.show(planned.cells(), planned.workdir.root, as_json=as_json)
        return 0
    name, spec = document.understood(written, origin=str(file))
    experiment = LocalExperiment(name, spec, workdir, tracking_uri="")
    state = experiment.state()
    graph = experiment.graph(state)
    suitability.check(graph, experiment.workdir.root)
    terminal.warn(edited.sentences(graph, experiment.workdir.root))
    rows = [_row(node, experiment.workdir.root) for node in graph]
    if as_json:
        typer.echo(
            json.dumps([row | {"config": _config(node)} for row, node in zip(rows, graph, strict=True)], indent=1)
        )
        return 0
    _show(rows, spec.digest())
    root = experiment.workdir.root
    told = [*sweep_cost.sentences(graph, root), *power.sentences(spec, graph, state, root)]
    for sentence in [*told, *suitability.needs(graph, root)]:
        terminal.console().print(sentence, markup=False, highlight=False, soft_wrap=True)
    if configs:
        for node in graph:
            typer.echo(f"---\n# {node.name}\n{yaml.safe_dump(_config(node), sort_keys=False)}", nl=False)
    return 0


def _show(rows: list[dict[str, str]], digest: str) -> None:
    """Draw the table that people read."""
    console = terminal.console()
    table = terminal.table("STAGE", "KEY", "STATE", "NEEDS", "AFTER")
    for row in rows:
        table.add_row(row["stage"], row["key"], row["state"], row["needs"], row["after"])
    console.print(table)
    console.print(f"resolved spec {digest}", style="dim", markup=False, soft_wrap=True)


def _row(node: Node, workspace: Path) -> dict[str, str]:
    """Describe one stage."""
    made = cache.made_by(workspace, node)
    done = sum(cache.finished_shards(workspace, artifact) for artifact in made)
    total = sum(len(cache.directories(workspace, artifact)) for artifact in made)
    state = "to do" if not done else "cached" if done == total else f"{done}/{total} cached"
    each = f"{node.gpus} GPU" if node.gpus else "CPU"
    return {
        "stage": node.name,
        "key": "after prepare" if node.provisional else node.key[:16],
        "state": "after prepare" if node.provisional else state,
        "needs": f"{node.tasks} x {each}" + (", sandbox" if node.needs_sandbox else ""),
        "after": "all" if node.row.runs_after_failures else ", ".join(node.upstream),
    }


def _config(node: Node) -> object:
    """Return a config as plain values."""
    return json.loads(contract.dump(node.config))
