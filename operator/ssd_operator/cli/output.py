"""What commands share: output for people or for programs, and the name of a run on a cluster."""

import json
from typing import Annotated, Any

import typer

from ssd_operator.errors import InvalidInput

__all__ = ["NameArgument", "OutputOption", "TableOption", "YamlOption", "is_json", "write"]

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The SelfDistillation's name.")]
OutputOption = Annotated[str, typer.Option("--output", "-o", metavar="text|json", help="How to print.")]
TableOption = Annotated[str, typer.Option("--output", "-o", metavar="table|json", help="How to print.")]
YamlOption = Annotated[str, typer.Option("--output", "-o", metavar="yaml|json", help="How to print.")]


def is_json(form: str, *, otherwise: str = "text") -> bool:
    """Tell whether output is for programs, or refuse another word."""
    if form not in (otherwise, "json"):
        raise InvalidInput(f"--output {form}: there is no such format; name {otherwise} or json")
    return form == "json"


def write(value: Any) -> None:
    """Write what programs read."""
    typer.echo(json.dumps(value, indent=1, ensure_ascii=False))
