"""A server of the test cluster as a process that cannot outlive the one that started it.

The kernel kills it when the thread that started it ends, even by `kill -9` (PR_SET_PDEATHSIG, set by util-linux'
setpriv, which needs no Python code between fork and exec). So start servers from a thread that lives as long as the
tests. Nothing in a test cluster is worth a graceful end: to stop is to kill.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from controlplane.errors import Unavailable

__all__ = ["Server"]


class Server:
    """One program with its arguments and its log; it may be started again after a stop."""

    def __init__(self, argv: Sequence[str], *, log: Path) -> None:
        self.argv = list(argv)
        self.name = Path(self.argv[0]).name
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self) -> None:
        """Start it in a process group of its own, its output appended to its log."""
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            raise Unavailable("the program setpriv is not on PATH: install util-linux 2.33 or newer (Linux only).")
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                [setpriv, "--pdeathsig", "KILL", "--", *self.argv],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def stop(self) -> None:
        """Kill its process group and wait for it; stopping twice is fine."""
        if self._process is not None:
            if self._process.poll() is None:
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def tail(self, lines: int = 20) -> str:
        """The end of its log."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
