"""Running a program of the worker side: the control side never imports torch or mlflow itself."""

import subprocess
import sys

__all__ = ["call"]


def call(module: str, *arguments: str) -> int:
    """Run `python -m MODULE ARGUMENTS…` on this terminal and return its exit code."""
    return subprocess.run([sys.executable, "-m", module, *arguments], check=False).returncode
