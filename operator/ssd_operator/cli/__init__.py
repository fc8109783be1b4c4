"""The program `ssd`: every command reads the same YAML as `kubectl apply`."""

import sys

__all__ = ["main"]

TERMINAL = ("typer", "rich")
BAD_INPUT = 64


def main() -> None:
    """Run `ssd` and exit; the package can be installed without what draws on a terminal."""
    try:
        from ssd_operator.cli import app
    except ModuleNotFoundError as error:
        missing = str(error.name).partition(".")[0]
        if missing not in TERMINAL:
            raise
        sys.stderr.write(f"{missing} is not installed; run: pip install 'ssd-operator[cli]'\n")
        sys.exit(BAD_INPUT)
    app.main()
