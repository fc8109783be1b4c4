"""What the programs beside the stages share: one line of output, one sentence of error, the stages' exit codes."""

import logging
import sys
from collections.abc import Callable

from ssd_jobs.errors import ExitCode, JobError

__all__ = ["main_of"]


def main_of(program: Callable[[list[str]], str]) -> int:
    """Run a program on the process's arguments and return its exit code."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    try:
        sys.stdout.write(f"{program(sys.argv[1:])}\n")
    except JobError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return ExitCode.OK
