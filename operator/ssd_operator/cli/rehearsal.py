"""`kubectl sd plan` and `diff`: what would happen if a file were applied, without anything being written.

The API server judges the file as it would judge it then. What is on record in the namespace says which stages are
there already: of this run, or of another one on the same claim.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ssd_operator import naming, plan
from ssd_operator.cli import cluster_plan, document, output, terminal
from ssd_operator.cli.connection import ContextOption, KubeconfigOption, NamespaceOption, Target, ask
from ssd_operator.cli.output import OutputOption
from ssd_operator.cli.place import FileArgument
from ssd_operator.errors import InvalidInput
from ssd_operator.lifecycle import effective, is_over, reopens
from ssd_operator.spec import documents
from ssd_operator.spec.resolved import ResolvedSpec
from ssd_operator.spec.status import StageStatus, Status

if TYPE_CHECKING:
    from ssd_operator.cluster import Api, Key, Run

__all__ = ["register"]

DONE = "done"
GOES_ON = "goes on"
SHARED = "found: another run on this claim made it"
AGAIN = "runs again"
LATER = "known after prepare"
TO_DO = "to do"


@dataclass(frozen=True)
class Comparison:
    """A file, and the resource of its name as it is on the cluster."""

    run: Run
    """As the API server would have it."""
    exists: bool
    spec: ResolvedSpec
    """That would be in force."""
    taken_up: bool
    """It is not over, or the change takes it up again."""
    recorded: frozenset[str]
    """Keys of which a run on this claim has results."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("plan")(show_plan)
    app.command("diff")(show_difference)


def show_plan(
    file: FileArgument,
    namespace: NamespaceOption = "",
    kubeconfig: KubeconfigOption = None,
    context: ContextOption = "",
    form: OutputOption = "text",
) -> int:
    """Show every stage that a file asks for, and what is there of it already; nothing is changed."""
    rows = _rows(_compared(Target.chosen(namespace, kubeconfig, context), file))
    _print(rows, form)
    return 0


def show_difference(
    file: FileArgument,
    namespace: NamespaceOption = "",
    kubeconfig: KubeconfigOption = None,
    context: ContextOption = "",
    form: OutputOption = "text",
) -> int:
    """Show which stages of a run would run again if a file were applied, and why; nothing is changed."""
    found = _compared(Target.chosen(namespace, kubeconfig, context), file)
    if not found.exists:
        raise InvalidInput(
            f"{found.run.key.name}: is not on the cluster, so there is nothing to compare with; see plan"
        )
    if not found.taken_up:
        terminal.warn([f"{found.run.key.name} has ended, and this change does not take it up again"])
    rows = [row for row in _rows(found) if found.taken_up and row["state"] not in (DONE, GOES_ON)]
    _print(rows, form)
    return 0


def _print(rows: list[dict[str, str]], form: str) -> None:
    if output.is_json(form):
        output.write(rows)
        return
    table = terminal.table("STAGE", "KEY", "KEY NOW", "STATE")
    for row in rows:
        table.add_row(row["stage"], row["key"], row["now"], row["state"])
    terminal.console().print(table)


def _compared(target: Target, file: Path) -> Comparison:
    """Let the API server judge the file, and read what is there; raise what either of them objects to."""
    from ssd_operator.cluster import run_key

    written = document.text(file)
    name, _ = document.understood(written, origin=str(file))
    key = run_key(target.namespace, name)
    raw = documents.load(written, origin=str(file)).value
    return ask(target, f"{target.namespace}/{name}", lambda api: _asked(api, key, raw))


async def _asked(api: Api, key: Key, raw: dict[str, object]) -> Comparison:
    from ssd_operator.cluster import Run, list_runs, rehearse

    run = await rehearse(api, key, raw)
    if not isinstance(run, Run):
        raise run.error
    runs = [each for each in await list_runs(api, key.namespace) if isinstance(each, Run)]
    begun = await cluster_plan.frozen(api, run)
    spec = effective(begun if cluster_plan.has_begun(run) else None, run.resolve())
    claim = naming.claim_of(key.name, spec.storage.claim_name)
    return Comparison(
        run=run,
        exists=any(each.key == key for each in runs),
        spec=spec,
        taken_up=not is_over(run.status) or (begun is not None and reopens(begun, spec)),
        recorded=frozenset(
            found for each in runs if cluster_plan.claim_of(each) == claim for found in _succeeded(each.status)
        ),
    )


def _succeeded(status: Status) -> list[str]:
    return [stage.key for stage in status.stages if stage.phase == "Succeeded"]


def _rows(found: Comparison) -> list[dict[str, str]]:
    """Return a row for each stage that the spec asks for."""
    status = found.run.status
    known = {stage.name: stage for stage in status.stages}
    return [
        {
            "stage": node.name,
            "key": "" if node.provisional else node.key[:12],
            "now": known[node.name].key[:12] if node.name in known else "",
            "state": _state(node, known.get(node.name), found.recorded),
        }
        for node in cluster_plan.graph(found.run, found.spec)
    ]


def _state(node: plan.Node, was: StageStatus | None, recorded: frozenset[str]) -> str:
    """Return what would become of a stage."""
    if node.provisional:
        return LATER
    same = was is not None and was.key == node.key
    if was is not None and same and was.phase == "Succeeded":
        return DONE
    if was is not None and same and was.phase in ("Pending", "Running", "Suspended"):
        return GOES_ON
    if node.key in recorded:
        return SHARED
    return AGAIN if was is not None and was.phase not in ("", "Planned") else TO_DO
