"""`ssd presets`: the published experiments that ship with the package."""

from typing import Annotated

import typer

from ssd_operator.cli import terminal
from ssd_operator.cli.output import TableOption, is_json, write
from ssd_operator.spec import presets

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("presets")(show)


def show(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="Print this one whole.")] = "",
    form: TableOption = "table",
) -> int:
    """List the presets, or print one with the source of every value."""
    found = [presets.load(each) for each in ([name] if name else sorted(presets.names()))]
    if is_json(form, otherwise="table"):
        write([{"name": each.name, "digest": each.digest, "spec": each.spec} for each in found])
        return 0
    if name:
        typer.echo(found[0].text, nl=False)
        return 0
    table = terminal.table("PRESET", "TEMPERATURE", "TOP-K", "TOP-P", "STEPS", "DIGEST")
    for preset in found:
        sampling, training = preset.spec["sampling"], preset.spec["training"]
        values = (sampling["temperature"], sampling.get("topK", 0), sampling.get("topP", 1), training["steps"])
        table.add_row(preset.name, *map(str, values), preset.digest.removeprefix("sha256:")[:12])
    terminal.console().print(table)
    return 0
