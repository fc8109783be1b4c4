"""`--version` of `ssd` and of `kubectl sd`."""

from typing import Annotated

import typer

from ssd_operator import __version__

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the option."""
    app.callback()(_options)


def _show(asked: bool) -> None:
    if asked:
        typer.echo(__version__)
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    del version  # its callback has ended the program
