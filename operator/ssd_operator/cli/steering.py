"""`kubectl sd suspend`, `resume` and `rerun`: the fields of a spec that steer a run, written for you."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ssd_jobs import contract
from ssd_operator.cli import output, terminal
from ssd_operator.cli.connection import ContextOption, KubeconfigOption, NamespaceOption, Target, ask, find_run
from ssd_operator.cli.output import NameArgument, OutputOption
from ssd_operator.errors import InvalidInput
from ssd_operator.lifecycle.rerunning import next_nonce

if TYPE_CHECKING:
    from ssd_operator.cluster import Run

__all__ = ["register"]

StageArgument = Annotated[
    str, typer.Argument(metavar="STAGE", help="A stage of the run, or a kind of stage, such as train.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for name, command in (("suspend", suspend), ("resume", resume), ("rerun", rerun)):
        app.command(name)(command)


def suspend(
    name: NameArgument,
    namespace: NamespaceOption = "",
    kubeconfig: KubeconfigOption = None,
    context: ContextOption = "",
    form: OutputOption = "text",
) -> int:
    """Stop a run after saving, and free its hardware."""
    return _change(Target.chosen(namespace, kubeconfig, context), name, {"suspend": True}, form, "is suspended")


def resume(
    name: NameArgument,
    namespace: NamespaceOption = "",
    kubeconfig: KubeconfigOption = None,
    context: ContextOption = "",
    form: OutputOption = "text",
) -> int:
    """Let a suspended run go on where it stopped."""
    return _change(Target.chosen(namespace, kubeconfig, context), name, {"suspend": False}, form, "goes on")


def rerun(
    name: NameArgument,
    stage: StageArgument,
    namespace: NamespaceOption = "",
    kubeconfig: KubeconfigOption = None,
    context: ContextOption = "",
    form: OutputOption = "text",
) -> int:
    """Do a kind of stage again, and everything after it; what comes before it is kept."""
    target = Target.chosen(namespace, kubeconfig, context)
    run = find_run(target, name)
    title = contract.STAGES[_kind(run, stage)].title
    again = {"from": title, "nonce": _new_nonce(run)}
    return _change(target, name, {"rerun": again}, form, f"runs again from {title}")


def _change(target: Target, name: str, spec: dict[str, Any], form: str, words: str) -> int:
    """Write fields of the spec, and say so."""
    from ssd_operator.cluster import change_run, run_key

    as_json = output.is_json(form)
    key = run_key(target.namespace, name)
    ask(target, f"{target.namespace}/{name}", lambda api: change_run(api, key, spec))
    if as_json:
        output.write({"namespace": target.namespace, "name": name, "spec": spec})
    else:
        terminal.console().print(f"{name} {words}", soft_wrap=True)
    return 0


def _kind(run: Run, stage: str) -> str:
    """Return the kind of a stage that is named by its own name or by its kind, however it is capitalized."""
    kinds = {each.name: each.kind for each in run.status.stages} | {kind: kind for kind in contract.STAGES}
    wanted = stage.lower()
    if wanted not in kinds:
        raise InvalidInput(f"{stage}: is no stage of {run.key.name}; name one of {', '.join(contract.STAGES)}")
    return kinds[wanted]


def _new_nonce(run: Run) -> str:
    """Return a nonce that no rerun of this resource has had, also one that no operator has seen yet."""
    return next_nonce([*run.status.reruns.values(), run.rerun_nonce])
