"""How a program of ours ends: the one place where an error becomes a sentence and an exit code."""

import asyncio
import os
import sys
from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperGroup

from ssd_operator.cli import terminal
from ssd_operator.errors import NoSpace, SsdError

__all__ = ["Commands", "outcome"]

INTERRUPTED = 130
USAGE = 2
BAD_INPUT = 64


class Commands(TyperGroup):
    """The command's return value is the exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was named."""
        raise typer.Exit(super().invoke(ctx) or 0)


def outcome(program: Callable[[], Any], *, stopped: str) -> int:
    """Run a program; what a user may read goes to standard error, without a traceback."""
    errors = terminal.errors()
    try:
        program()
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
        errors.print(stopped)
        return INTERRUPTED
    return 0
