"""What the programs beside the stages share: one line of output, one sentence of error, the stages' exit codes."""

import argparse
import json
import logging
import sys
from collections.abc import Callable
from typing import Any

from ssd_jobs.contract.printable import printable
from ssd_jobs.errors import ExitCode, JobError

__all__ = ["add_form", "main_of", "told"]

LINES = "\n\t"
"""A table has several."""


def add_form(parser: argparse.ArgumentParser) -> None:
    """Let a program be asked for what programs read."""
    parser.add_argument("--form", choices=("text", "json"), default="text", help="how to print")


def told(form: str, facts: Any, words: str) -> str:
    """Return what was found: in words for people, as JSON for programs."""
    return json.dumps(facts, indent=1) if form == "json" else words


def main_of(program: Callable[[list[str]], str]) -> int:
    """Run a program on the process's arguments and return its exit code."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    try:
        sys.stdout.write(f"{printable(program(sys.argv[1:]), keep=LINES)}\n")
    except JobError as error:
        sys.stderr.write(f"{printable(str(error), keep=LINES)}\n")
        return error.exit_code
    return ExitCode.OK
