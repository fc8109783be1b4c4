"""`ssd toy`: the paper's toy machine, teacher against student."""

from pathlib import Path
from typing import Annotated

import typer

from ssd_operator.cli import worker
from ssd_operator.cli.output import OutputOption, is_json

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("toy")(toy)


def toy(
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", help="Draw its figures into this file.")
    ] = None,
    form: OutputOption = "text",
) -> int:
    """Print how a student beats its teacher on the paper's toy machine, and by how much."""
    is_json(form)
    needs = "matplotlib" if plot else "numpy"
    drawn = ("--plot", str(plot)) if plot else ()
    return worker.call("ssd_jobs.commands.toy_machine", "--form", form, *drawn, needs=needs)
