"""The error of a release: one sentence, and the exit code of bad input."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

__all__ = ["Refused", "run"]


class Refused(Exception):
    """The release cannot be made as it was asked for."""


def run(*command: str | Path, cwd: Path | None = None, environment: Mapping[str, str] | None = None) -> str:
    """Run a program and return what it prints; a failure is one sentence with its last words."""
    words = [str(each) for each in command]
    done = subprocess.run(words, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = "\n".join((done.stderr or done.stdout).strip().splitlines()[-5:])
        raise Refused(f"{' '.join(words[:3])} failed ({done.returncode}): {last}")
    return done.stdout
