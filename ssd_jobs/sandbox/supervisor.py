"""The first process of the sandbox: it holds the socket and keeps a fork server behind it.

Small and idle on purpose. As process 1 it survives `kill(-1)`; because the listening socket is its own, a grader
that connects while a new server starts simply waits. The server is a fresh interpreter each time, started with
a stack limit that lets programs recurse deeply.
"""

import contextlib
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import ssd_jobs
from ssd_jobs.sandbox import confine, namespaces, syscalls

__all__ = ["listen", "supervise"]

BACKLOG = 256
SOCKET_MODE = 0o666
QUICK_SECONDS = 1.0
FIRST_PAUSE, LONGEST_PAUSE = 0.01, 2.0


def listen(path: Path) -> socket.socket:
    """Return a listening socket at a path; what a former sandbox left there is removed."""
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    # The grader runs under another uid; who may enter the directory decides who may connect.
    path.chmod(SOCKET_MODE)
    listener.listen(BACKLOG)
    return listener


def supervise(listener: socket.socket, greeting: Mapping[str, Any], own: tuple[str, ...]) -> NoReturn:
    """Restart the server whenever it ends; in a new pid namespace this is its first process."""
    if "pid" in own:
        _become_first()
    signal.signal(signal.SIGTERM, _stop)
    _allow_deep_recursion()
    generation, previous, pause = 0, 0, FIRST_PAUSE
    while True:
        started = time.monotonic()
        previous = _serve_once(listener, {**greeting, "generation": generation, "previous_signal": previous})
        generation += 1
        pause = FIRST_PAUSE if time.monotonic() - started > QUICK_SECONDS else min(2 * pause, LONGEST_PAUSE)
        time.sleep(pause)


def _serve_once(listener: socket.socket, greeting: Mapping[str, Any]) -> int:
    """Run a server to its end, reaping whatever else ends meanwhile; return the signal that ended it."""
    descriptor = listener.fileno()
    command = [sys.executable, "-P", "-s", "-m", "ssd_jobs.sandbox", "--serve", str(descriptor), json.dumps(greeting)]
    nothing = subprocess.DEVNULL
    server = subprocess.Popen(
        command,
        env=_environment(),
        stdin=nothing,
        stdout=nothing,
        pass_fds=[descriptor],
        preexec_fn=_die_with_parent,  # noqa: PLW1509 - this process has one thread
    )
    while True:
        pid, status = os.wait()
        if pid == server.pid:
            server.returncode = os.waitstatus_to_exitcode(status)
            return max(0, -server.returncode)


def _become_first() -> None:
    """Fork into the new pid namespace; the outer process only passes on its end."""
    child = os.fork()
    if child == 0:
        _die_with_parent()
        namespaces.mount_proc()
        return
    signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGKILL))
    _, status = os.waitpid(child, 0)
    os._exit(abs(os.waitstatus_to_exitcode(status)))


def _environment() -> dict[str, str]:
    """Return an environment that tells a program nothing, and makes its runs repeatable."""
    return {
        "HOME": "/",
        "LANG": "C.UTF-8",
        # Forks then find every symbol bound; the server takes this one back from what programs see.
        "LD_BIND_NOW": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "PATH": os.defpath,
        "PYTHONHASHSEED": "0",
        "PYTHONPATH": str(Path(ssd_jobs.__file__).resolve().parent.parent),
    }


def _die_with_parent() -> None:
    syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)


def _allow_deep_recursion() -> None:
    """Set the stack limit before exec, which decides how far the stack of the server and its forks can grow."""
    hard = resource.getrlimit(resource.RLIMIT_STACK)[1]
    wanted = max(confine.STACK_BYTES.values())
    resource.setrlimit(resource.RLIMIT_STACK, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))


def _stop(_signal: int, _frame: FrameType | None) -> NoReturn:
    """End at once; the server dies with its parent."""
    os._exit(128 + signal.SIGTERM)
