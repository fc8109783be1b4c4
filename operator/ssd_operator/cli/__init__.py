"""The programs `ssd` and `kubectl sd`: every command reads the same YAML as `kubectl apply`."""

import sys
from importlib import import_module

__all__ = ["main", "start"]

TERMINAL = ("typer", "rich")
BAD_INPUT = 64


def main() -> None:
    """Run `ssd` and exit."""
    start("ssd_operator.cli.app")


def start(module: str) -> None:
    """Run a program; the package can be installed without what draws on a terminal."""
    try:
        program = import_module(module)
    except ModuleNotFoundError as error:
        missing = str(error.name).partition(".")[0]
        if missing not in TERMINAL:
            raise
        sys.stderr.write(f"{missing} is not installed; run: pip install 'ssd-operator[cli]'\n")
        sys.exit(BAD_INPUT)
    program.main()
