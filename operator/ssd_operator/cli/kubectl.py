"""The file that kubectl starts for `kubectl sd`, installed under the name `kubectl-sd`."""

from ssd_operator.cli import start

__all__ = ["main"]


def main() -> None:
    """Run `kubectl sd` and exit."""
    start("ssd_operator.cli.plugin")
