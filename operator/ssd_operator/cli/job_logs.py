"""`kubectl sd logs`: the log of a stage, whoever made its Job; kubectl itself reads it.

The status names the Job of each stage, also one that another run made first, which no label leads to.
"""

import shutil
import subprocess
from typing import Annotated

import typer

from ssd_operator import naming
from ssd_operator.cli import terminal
from ssd_operator.cli.connection import ContextOption, KubeconfigOption, NamespaceOption, Target, find_run
from ssd_operator.cli.output import NameArgument
from ssd_operator.errors import InvalidInput
from ssd_operator.lifecycle import outcome
from ssd_operator.spec.status import StageStatus, Status

__all__ = ["kubectl", "register"]

MOST_PODS = 256
"""Logs that are followed at once: as many as a stage has shards at most is more than anybody reads."""

StageArgument = Annotated[
    str, typer.Argument(metavar="[STAGE]", help="By default the one that runs, or failed, or began last.")
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("logs")(logs)


def logs(
    name: NameArgument,
    stage: StageArgument = "",
    namespace: NamespaceOption = "",
    kubeconfig: KubeconfigOption = None,
    context: ContextOption = "",
    attempt: Annotated[int, typer.Option(metavar="N", help="An earlier attempt; by default the newest.")] = 0,
    shard: Annotated[int, typer.Option(metavar="I", help="Only this shard, or rank; by default all of them.")] = -1,
    tail: Annotated[int, typer.Option(metavar="LINES", help="So many lines of each pod; -1: all.")] = 100,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what is written from now on.")] = False,
) -> int:
    """Print the log of a stage's workers."""
    target = Target.chosen(namespace, kubeconfig, context)
    status = find_run(target, name).status
    found = _named(status, stage, name) if stage else _shown(status, name)
    job = found.jobs[0].name if not attempt else f"{found.jobs[0].name.rpartition('-')[0]}-{attempt}"
    selector = f"{naming.LABEL_JOB}={job}"
    if shard >= 0:
        selector += f",batch.kubernetes.io/job-completion-index={shard}"
    if not stage:
        terminal.errors().print(f"{found.name}, Job {job}")
    wanted = ["logs", "--selector", selector, "--container", naming.WORKER, "--tail", str(tail)]
    bounds = ["--prefix", "--max-log-requests", str(MOST_PODS), *(["--follow"] if follow else [])]
    return subprocess.run([*kubectl(target), *wanted, *bounds], check=False).returncode


def kubectl(target: Target) -> list[str]:
    """Return kubectl for this cluster and namespace."""
    program = shutil.which("kubectl")
    if program is None:
        raise InvalidInput("kubectl is not on PATH, and logs are read with it; install it")
    context = ["--context", target.context] if target.context else []
    return [program, "--kubeconfig", str(target.kubeconfig), *context, "--namespace", target.namespace]


def _named(status: Status, stage: str, name: str) -> StageStatus:
    """Return the stage that is meant: by its name, or by its kind where there is only one."""
    begun = [each for each in status.stages if each.jobs]
    exact = [each for each in begun if each.name == stage]
    alike = exact or [each for each in begun if each.kind == stage]
    if len(alike) != 1:
        names = ", ".join(each.name for each in begun) or "none yet"
        raise InvalidInput(f"{stage}: is not one stage of {name} that has a Job; those are: {names}")
    return alike[0]


def _shown(status: Status, name: str) -> StageStatus:
    """Return the stage that a person means who names none."""
    begun = [each for each in status.stages if each.jobs]
    if not begun:
        raise InvalidInput(f"{name}: no stage has a Job yet; kubectl sd why {name} says what it waits for")
    running = [each for each in begun if each.phase in ("Running", "Pending")]
    failed = outcome.decisive(begun)
    return running[0] if running else failed or begun[-1]
