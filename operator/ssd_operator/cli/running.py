"""`ssd run` and `ssd status`: an experiment on this machine, or how one stands."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ssd_operator.cli import cluster, document, installed, terminal
from ssd_operator.cli.connection import ContextOption, KubeconfigOption, NamespaceOption, Target, find_run
from ssd_operator.cli.output import OutputOption, is_json, write
from ssd_operator.cli.place import (
    DEFAULT_WAIT,
    DEFAULT_WORKDIR,
    FileArgument,
    NameOption,
    WorkdirOption,
    checked_duration,
    checked_uri,
    find,
)
from ssd_operator.errors import InvalidInput
from ssd_operator.lifecycle.stage import ENDED
from ssd_operator.local import edited, findings, machine, progress, suitability, summary
from ssd_operator.local.experiment import LocalExperiment
from ssd_operator.local.inspection import inspect
from ssd_operator.local.state import RunState, StageState
from ssd_operator.local.warm import WarmProcesses
from ssd_operator.plan import Graph

__all__ = ["register"]

FACTS = tuple(heading.lower() for heading in terminal.STAGE_HEADINGS)
"""What a stage's facts are called for programs."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("run")(run)
    app.command("status")(status)


def run(
    file: FileArgument,
    workdir: WorkdirOption = DEFAULT_WORKDIR,
    mlflow: Annotated[str, typer.Option(metavar="URI", help="MLflow server; by default a database in DIR.")] = "",
    wait: Annotated[
        str, typer.Option(metavar="DURATION", help="How long to wait, in all, for what is away; then exit with 75.")
    ] = DEFAULT_WAIT,
) -> int:
    """Carry an experiment to its end on this machine. Stop it any time: the same command continues."""
    console = terminal.console()
    wait_s = checked_duration(wait, "--wait")
    written = document.text(file)
    name, spec = document.understood(written, origin=str(file))
    installed.require_for(spec)
    with WarmProcesses() as warm:
        experiment = LocalExperiment(name, spec, workdir, tracking_uri=checked_uri(mlflow), run_process=warm)
        return _carry_out(experiment, console, wait_s=wait_s, source=written)


def _carry_out(experiment: LocalExperiment, console: Console, *, wait_s: float, source: str) -> int:
    """Say what the run will use, and carry it to its end, unless it is there already."""
    before = experiment.state()
    suitability.check(experiment.graph(before), experiment.workdir.root)
    terminal.warn(edited.sentences(experiment.graph(before), experiment.workdir.root))
    if _finished(before, experiment.graph(before)):
        console.print(
            f"{experiment.name}: nothing to do, everything is in {experiment.workdir.root}",
            markup=False,
            soft_wrap=True,
        )
        summary.show(console, before, experiment.graph(before), experiment.workdir)
        return 0
    logs = experiment.workdir.private / "logs"
    console.print(f"{experiment.name} in {experiment.workdir.root}, logs in {logs}", style="dim")
    _look(console, experiment, before)
    state, graph = experiment.run(console, wait_s=wait_s, source=source)
    summary.show_times(console, state, graph)
    summary.show(console, state, graph, experiment.workdir)
    return summary.exit_code(state)


def status(
    place: Annotated[
        str, typer.Argument(metavar="FILE|DIR|NAME", help="A file, a directory, or a cluster's resource.")
    ],
    workdir: WorkdirOption = DEFAULT_WORKDIR,
    name: NameOption = "",
    namespace: NamespaceOption = "",
    kubeconfig: KubeconfigOption = None,
    context: ContextOption = "",
    form: OutputOption = "text",
) -> int:
    """Show how an experiment stands: on this machine, also while it runs elsewhere, or on a cluster."""
    as_json, console = is_json(form), terminal.console()
    if not Path(place).exists() and Path(place).name == place and not place.endswith((".yaml", ".yml")):
        guess = f"{place}: is no file or directory, and "
        run = find_run(Target.chosen(namespace, kubeconfig, context, known=guess), place)
        write(cluster.facts(run)) if as_json else cluster.show(console, run.status)
        return 0
    found = find(Path(place), workdir, name)
    experiment = found.experiment()
    state = experiment.recorded()
    if state is None:
        raise InvalidInput(f"{experiment.workdir.root}: {found.name} was not run here; start it with: ssd run {place}")
    graph = experiment.graph(state)
    owner = experiment.workdir.owner()
    if as_json:
        rows = [dict(zip(FACTS, row, strict=True)) for row in _stages(state, graph, experiment.workdir.root)]
        write({"name": found.name, "process": owner, "stages": rows})
        return 0
    console.print(_status_table(state, graph, experiment.workdir.root))
    if owner:
        console.print(f"process {owner} runs it", style="dim")
    elif summary.exit_code(state) or not _ended(state, graph):
        console.print("nothing runs it now; ssd run continues it", style="dim")
    summary.show(console, state, graph, experiment.workdir)
    return 0


def _look(console: Console, experiment: LocalExperiment, state: RunState) -> None:
    """Say in a line what the run will use, and refuse one that this machine cannot carry out."""
    graph = experiment.graph(state)
    machine.detect().check(graph)
    seen = inspect(experiment.workdir.root, collectives=False)
    console.print(findings.line(seen), style="dim", soft_wrap=True)
    if any(node.gpus for node in graph):
        seen.require_gpus()


def _finished(state: RunState, graph: Graph) -> bool:
    """Tell whether every stage succeeded."""
    return all(state.succeeded(node) for node in graph)


def _ended(state: RunState, graph: Graph) -> bool:
    """Tell whether every stage has come to an end."""
    stages = (state.stages.get(node.name) for node in graph)
    return all(stage is not None and stage.phase in ENDED for stage in stages)


def _status_table(state: RunState, graph: Graph, workspace: Path) -> Table:
    """Draw the stages as `kubectl describe` would list them."""
    table = terminal.table(*terminal.STAGE_HEADINGS)
    for name, phase, attempt, seen, key, message in _stages(state, graph, workspace):
        table.add_row(name, phase, attempt, seen, key[:12], message)
    return table


def _stages(state: RunState, graph: Graph, workspace: Path) -> Iterator[tuple[str, str, str, str, str, str]]:
    """Yield the facts of each stage, in the order of the headings."""
    for node in graph:
        stage = state.stages.get(node.name) or StageState(node.name)
        work = progress.read(workspace, node) if stage.phase == "Running" else None
        yield node.name, stage.phase, str(stage.attempt), work.text if work else "", stage.key, stage.message
