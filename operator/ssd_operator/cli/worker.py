"""Running a program of the worker side: the control side never imports torch or mlflow itself."""

import subprocess
import sys

from ssd_operator.cli import installed

__all__ = ["ask", "call"]


def call(module: str, *arguments: str, needs: str) -> int:
    """Run `python -m MODULE ARGUMENTS…` on this terminal and return its exit code."""
    installed.require(needs, extra="worker")
    return subprocess.run([sys.executable, "-m", module, *arguments], check=False).returncode


def ask(module: str, *arguments: str, needs: str) -> str:
    """Return the line that a program answers; nothing where it is not installed or has no answer."""
    if not installed.is_there(needs):
        return ""
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""
