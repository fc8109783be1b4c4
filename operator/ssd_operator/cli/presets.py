"""`ssd presets`: the published experiments that ship with the package."""

from typing import Annotated

import typer

from ssd_operator.cli import terminal
from ssd_operator.spec import presets

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("presets")(show)


def show(name: Annotated[str, typer.Argument(metavar="[NAME]", help="Print this one whole.")] = "") -> int:
    """List the presets, or print one with the source of every value."""
    if name:
        typer.echo(presets.load(name).text, nl=False)
        return 0
    table = terminal.table("PRESET", "TEMPERATURE", "TOP-K", "TOP-P", "STEPS", "DIGEST")
    for each in sorted(presets.names()):
        preset = presets.load(each)
        sampling, training = preset.spec["sampling"], preset.spec["training"]
        values = (sampling["temperature"], sampling.get("topK", 0), sampling.get("topP", 1), training["steps"])
        table.add_row(each, *map(str, values), preset.digest.removeprefix("sha256:")[:12])
    terminal.console().print(table)
    return 0
