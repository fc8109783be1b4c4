"""The program `kubectl-sd`, which kubectl finds by its name: runs on a cluster, looked at and steered."""

import sys

import typer

from ssd_operator.cli import cluster_collecting, job_logs, looking, rehearsal, steering, version
from ssd_operator.cli.outcome import Commands, outcome

__all__ = ["app", "main"]

app = typer.Typer(
    name="kubectl sd",
    cls=Commands,
    help="SelfDistillations on a cluster: how they stand, what they wait for, and what would run again.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for module in (looking, job_logs, steering, rehearsal, cluster_collecting, version):
    module.register(app)


def main() -> None:
    """Run `kubectl-sd` and exit."""
    sys.exit(outcome(app, stopped="stopped; nothing on the cluster depends on this command"))
