"""The warm fork server: one process per connection, as many at once as there are workers.

It loads what programs use, puts the socket ban on itself, and then only accepts and forks. It keeps the
connection of each program until that program's process ended, and says so itself when it ended badly, so that a
program that kills its process is told from a sandbox that went away.
"""

import _thread
import contextlib
import fcntl
import gc
import json
import os
import random
import selectors
import signal
import socket
import traceback
from dataclasses import dataclass
from typing import NoReturn

from ssd_jobs.sandbox import confine, frames, log, prelude, process, program, rehearsal, seccomp, syscalls
from ssd_jobs.sandbox.protocol import Hello

__all__ = ["start"]

THREAD_STACK = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Served:
    """A program's process and the server's own hold on its connection."""

    pid: int
    pidfd: int
    connection: socket.socket


def start(descriptor: int, greeting: str) -> NoReturn:
    """Serve at a listening socket until killed."""
    listener = _high(descriptor)
    os.environ.pop("LD_BIND_NOW")
    prelude.warm()
    prelude.namespace()
    process.open_streams()
    rehearsal.rehearse()
    # The main stack may grow far for deep recursion; without this every thread would reserve as much.
    _thread.stack_size(THREAD_STACK)
    hello = Hello(**json.loads(greeting))
    confinement = confine.Confinement(int(hello.layers["landlock"]), filtered=bool(hello.layers["seccomp"]))
    confine.drop_capabilities()
    if hello.layers["seccomp"]:
        seccomp.install(seccomp.server_filter())
    # Seeded once for all: a stored run graded again must give the same verdicts.
    random.seed(0)
    gc.collect()
    gc.freeze()
    _Server(socket.socket(fileno=listener), hello, confinement).loop()


def _high(descriptor: int) -> int:
    """Move a descriptor out of the range that has fixed meanings, and fill that range."""
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD, confine.FIRST_FREE_FD)
    for number in range(3, confine.FIRST_FREE_FD):
        os.dup2(2 if number == log.LOG_FD else 0, number)
    return moved


class _Server:
    """The loop over the listener and the ends of programs."""

    def __init__(self, listener: socket.socket, hello: Hello, confinement: confine.Confinement) -> None:
        self.listener = listener
        self.hello = hello
        self.greeting = frames.encode("hello", hello.header())
        self.confinement = confinement
        self.selector = selectors.DefaultSelector()
        self.active = 0

    def loop(self) -> NoReturn:
        """Accept while there is room; react to each end."""
        self.selector.register(self.listener, selectors.EVENT_READ)
        while True:
            for key, _ in self.selector.select():
                if isinstance(key.data, _Served):
                    self._ended(key.data)
                elif self.active < self.hello.workers:
                    self._start()

    def _start(self) -> None:
        """Accept a connection and give it a process."""
        connection, _ = self.listener.accept()
        try:
            pid = syscalls.fork()
        except OSError:
            connection.close()
            return
        if pid == 0:
            self._child(connection)
        served = _Served(pid, os.pidfd_open(pid), connection)
        self.selector.register(served.pidfd, selectors.EVENT_READ, served)
        self.active += 1
        if self.active == self.hello.workers:
            self.selector.unregister(self.listener)

    def _ended(self, served: _Served) -> None:
        """Free the worker of a process that ended, and send the grader how it ended if that was not well."""
        self.selector.unregister(served.pidfd)
        os.close(served.pidfd)
        _, status = os.waitpid(served.pid, 0)
        if status != 0:
            # The other end may be gone, or not reading: the news is worth one try and no waiting.
            with contextlib.suppress(OSError):
                served.connection.setblocking(False)
                served.connection.sendall(frames.encode("died", {"signal": max(0, -os.waitstatus_to_exitcode(status))}))
        served.connection.close()
        if self.active == self.hello.workers:
            self.selector.register(self.listener, selectors.EVENT_READ)
        self.active -= 1

    def _child(self, connection: socket.socket) -> NoReturn:
        """Serve one connection in this process, and exit."""
        status = 1
        try:
            syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
            self._close_others(connection)
            connection.sendall(self.greeting)
            program.serve(connection, self.confinement)
            status = 0
        except (EOFError, ConnectionError):
            status = 0
        except Exception:  # noqa: BLE001 - written to the log here, and sent to the grader by the server
            log.write(traceback.format_exc())
        finally:
            os._exit(status)

    def _close_others(self, connection: socket.socket) -> None:
        """Close the server's descriptors, the connections of other programs among them."""
        number = connection.fileno()
        os.closerange(confine.FIRST_FREE_FD, number)
        os.closerange(number + 1, 1 << 16)
