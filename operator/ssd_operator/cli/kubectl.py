"""What kubectl starts for `kubectl sd`, installed as `kubectl-sd`, and to complete it, as `kubectl_complete-sd`."""

from ssd_operator.cli import start

__all__ = ["complete", "main"]


def main() -> None:
    """Run `kubectl sd` and exit."""
    start("ssd_operator.cli.plugin")


def complete() -> None:
    """Answer kubectl what can stand next, and exit."""
    start("ssd_operator.cli.completing")
