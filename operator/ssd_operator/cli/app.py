"""The program `ssd`: its commands."""

import sys

import typer

from ssd_operator.cli import (
    collecting,
    comparing,
    doctor,
    explaining,
    init,
    models,
    planning,
    power,
    presets,
    rendering,
    running,
    sweeping,
    toy,
    version,
)
from ssd_operator.cli.outcome import Commands, outcome

__all__ = ["app", "main"]

app = typer.Typer(
    name="ssd",
    cls=Commands,
    help="Simple self-distillation: sample from a model, fine-tune it on its own samples, and prove what that gained.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for module in (
    init,
    explaining,
    running,
    sweeping,
    planning,
    doctor,
    power,
    rendering,
    presets,
    models,
    comparing,
    collecting,
    toy,
    version,
):
    module.register(app)


def main() -> None:
    """Run `ssd` and exit."""
    sys.exit(outcome(app, stopped="stopped; what is finished is kept, the same command continues"))
