"""Running a program of the worker side: the control side never imports torch or mlflow itself."""

import subprocess
import sys

from ssd_operator.cli import installed

__all__ = ["call"]


def call(module: str, *arguments: str, needs: str) -> int:
    """Run `python -m MODULE ARGUMENTS…` on this terminal and return its exit code."""
    installed.require(needs, extra="worker")
    return subprocess.run([sys.executable, "-m", module, *arguments], check=False).returncode
