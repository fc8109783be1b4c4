"""The program `ssd` as a person starts it."""

import subprocess
import sys
from pathlib import Path

SSD = Path(sys.executable).parent / "ssd"


def ssd(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the program to its end."""
    return subprocess.run([str(SSD), *arguments], capture_output=True, text=True, check=False, cwd=cwd)
