"""The program `ssd`: its commands, and the one place where an error becomes a sentence and an exit code."""

import asyncio
import os
import sys
from typing import Any

import typer
from typer.core import TyperGroup

from ssd_operator.cli import (
    collecting,
    comparing,
    doctor,
    models,
    planning,
    power,
    presets,
    rendering,
    running,
    sweeping,
    terminal,
    toy,
)
from ssd_operator.errors import NoSpace, SsdError

__all__ = ["app", "main"]

INTERRUPTED = 130
USAGE = 2
BAD_INPUT = 64


class Commands(TyperGroup):
    """The command's return value is the exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was named."""
        raise typer.Exit(super().invoke(ctx) or 0)


app = typer.Typer(
    name="ssd",
    cls=Commands,
    help="Simple self-distillation: sample from a model, fine-tune it on its own samples, and prove what that gained.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for module in (running, sweeping, planning, doctor, power, rendering, presets, models, comparing, collecting, toy):
    module.register(app)


def main() -> None:
    """Run `ssd` and exit."""
    sys.exit(_outcome())


def _outcome() -> int:
    """Run the command; what a user may read goes to standard error, without a traceback."""
    errors = terminal.errors()
    try:
        app()
    except SsdError as error:
        errors.print(str(error), style="red")
        return error.exit_code
    except SystemExit as end:
        return BAD_INPUT if end.code == USAGE else int(end.code or 0)
    except OSError as error:
        if error.errno not in NoSpace.signs:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        errors.print(f"standard output: {error.strerror}; nothing else was lost", style="red")
        return NoSpace.exit_code
    except (KeyboardInterrupt, asyncio.CancelledError):
        errors.print("stopped; what is finished is kept, the same command continues")
        return INTERRUPTED
    return 0
