"""What the programs beside the stages share: one line of output, one sentence of error, the stages' exit codes."""

import logging
import sys
from collections.abc import Callable

from ssd_jobs.contract.printable import printable
from ssd_jobs.errors import ExitCode, JobError

__all__ = ["main_of"]

LINES = "\n\t"
"""A table has several."""


def main_of(program: Callable[[list[str]], str]) -> int:
    """Run a program on the process's arguments and return its exit code."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    try:
        sys.stdout.write(f"{printable(program(sys.argv[1:]), keep=LINES)}\n")
    except JobError as error:
        sys.stderr.write(f"{printable(str(error), keep=LINES)}\n")
        return error.exit_code
    return ExitCode.OK
