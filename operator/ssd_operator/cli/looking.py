"""`kubectl sd status`, `why` and `top`: how runs on a cluster stand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from ssd_operator.cli import cluster, output, terminal
from ssd_operator.cli.connection import (
    ContextOption,
    KubeconfigOption,
    NamespaceOption,
    Target,
    ask,
    find_run,
    find_status,
)
from ssd_operator.cli.output import NameArgument, OutputOption
from ssd_operator.lifecycle.cause import cause
from ssd_operator.spec.status import StageStatus

if TYPE_CHECKING:
    from ssd_operator.cluster import Run

__all__ = ["register"]

EverywhereOption = Annotated[bool, typer.Option("--all-namespaces", "-A", help="Those of every namespace.")]
HEADINGS = ("NAME", "PHASE", "STAGE", "PROGRESS", "PER MINUTE", "LEFT")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for name, command in (("status", status), ("why", why), ("top", top)):
        app.command(name)(command)


def status(
    name: NameArgument,
    namespace: NamespaceOption = "",
    kubeconfig: KubeconfigOption = None,
    context: ContextOption = "",
    form: OutputOption = "text",
) -> int:
    """Show the stages of a run, why it stands where it stands, its results and the gate's decision."""
    run = find_run(Target.chosen(namespace, kubeconfig, context), name)
    if output.is_json(form):
        output.write(cluster.facts(run))
    else:
        cluster.show(terminal.console(), run.status)
    return 0


def why(
    name: NameArgument,
    namespace: NamespaceOption = "",
    kubeconfig: KubeconfigOption = None,
    context: ContextOption = "",
    form: OutputOption = "text",
) -> int:
    """Say in one sentence what a run waits for and what helps, in the words of its conditions."""
    target = Target.chosen(namespace, kubeconfig, context)
    found = find_status(target, name)
    if output.is_json(form):
        output.write(cluster.place(target.namespace, name, found))
    else:
        terminal.console().print(cause(found), soft_wrap=True)
    return 0


def top(
    namespace: NamespaceOption = "",
    everywhere: EverywhereOption = False,
    kubeconfig: KubeconfigOption = None,
    context: ContextOption = "",
    form: OutputOption = "text",
) -> int:
    """Show how fast the stages at work are, on average since each began, as far as the operator has it on record."""
    from ssd_operator.cluster import Run, list_runs

    target = Target.chosen(namespace, kubeconfig, context)
    where = "" if everywhere else target.namespace
    found = [run for run in ask(target, "the runs", lambda api: list_runs(api, where)) if isinstance(run, Run)]
    rows = [row for run in found for row in _rows(run)]
    if output.is_json(form):
        output.write(rows)
        return 0
    headings = ("NAMESPACE", *HEADINGS) if everywhere else HEADINGS
    table = terminal.table(*headings)
    for row in rows:
        table.add_row(*(str(row[heading.lower().replace(" ", "_")]) for heading in headings))
    terminal.console().print(table)
    return 0


def _rows(run: Run) -> Iterator[dict[str, str]]:
    """Yield a row for each stage at work."""
    for stage in run.status.stages:
        if stage.phase == "Running":
            progress = stage.progress
            yield {
                "namespace": run.key.namespace,
                "name": run.key.name,
                "phase": run.status.phase,
                "stage": stage.name,
                "progress": progress.text if progress else "",
                **_pace(stage, datetime.now(tz=UTC)),
            }


def _pace(stage: StageStatus, now: datetime) -> dict[str, str]:
    """Return how much a stage has done a minute, and how long it will take at that pace; empty where nothing tells."""
    progress, start = stage.progress, stage.start_time
    if progress is None or start is None or progress.since is None or not progress.done:
        return {"per_minute": "", "left": ""}
    seen = datetime.fromisoformat(progress.since)
    pace = progress.done / max((seen - datetime.fromisoformat(start)).total_seconds(), 1.0)
    ends = seen + timedelta(seconds=(progress.total - progress.done) / pace)
    left = max(round((ends - now).total_seconds()), 0)
    return {"per_minute": f"{60 * pace:.3g}", "left": str(timedelta(seconds=left))}
