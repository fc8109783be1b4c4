"""One connection of the sandbox: programs one after another, each in processes of its own.

The process of a connection touches no program's text: it receives frames into memory that it wipes, and forks. A
program with one test is compiled and run by one fork, which is the test: forks are most of what a short program costs.
A program with several tests, or with heavy modules, gets a process that compiles it and forks each test from there.
"""

import os
import socket
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NoReturn

from ssd_jobs.sandbox import compiling, confine, frames, log, prelude, run, syscalls
from ssd_jobs.sandbox.bounds import Bounds
from ssd_jobs.sandbox.compiling import Compiled
from ssd_jobs.sandbox.frames import Channel
from ssd_jobs.sandbox.memory import Inbox, PassingMemory
from ssd_jobs.sandbox.protocol import NotCompiled, Terms
from ssd_jobs.sandbox.run import NotConfined, ProgramRun, SharedState

__all__ = ["serve"]


def serve(connection: socket.socket, confinement: confine.Confinement) -> None:
    """Serve programs until the grader hangs up, or one of them breaks its process."""
    memory = PassingMemory()
    server = _ConnectionServer(
        Channel(connection), Inbox(connection, memory), SharedState(confinement, connection, memory)
    )
    confine.limit_connection()
    while server.serve_program():
        pass


class _ConnectionServer:
    """The process of a connection."""

    def __init__(self, channel: Channel, inbox: Inbox, shared: SharedState) -> None:
        self.channel = channel
        self.inbox = inbox
        self.shared = shared
        self.mapped = confine.mapped_bytes()
        self.mode = ""

    def serve_program(self) -> bool:
        """Serve one program and wipe what was received of it; return whether there may be another one."""
        try:
            _, header, text = self.inbox.receive("program")
        except EOFError:
            return False
        terms = Terms.of(header)
        kind, _, data = self.inbox.receive("test", "only")
        if terms.mode != self.mode:
            self.mode = terms.mode
            confine.limit_stack(terms.mode)
        goes_on = self._run(terms, text, data, only=kind == "only")
        self.inbox.wipe()
        return goes_on

    def _run(self, terms: Terms, text: tuple[int, int], data: tuple[int, int], *, only: bool) -> bool:
        """Run a program; return whether its processes ended well."""
        memory = self.shared.memory
        heavy = tuple(name for name in prelude.HEAVY if memory.holds(name.encode(), *text))
        compiled = partial(compiling.compile_program, memory.slice(*text), terms)
        first = memory.slice(*data)
        if only and not heavy:
            _answer(
                self.channel, ProgramRun(self.shared, terms, Bounds.of(terms, self.mapped), first, compiled), first=True
            )
            return True
        return _ProgramProcess(self.channel, self.shared, terms, compiled, heavy, self.mapped, only=only).run(first)


@dataclass(frozen=True, slots=True)
class _ProgramProcess:
    """A process that compiles one program and forks its runs."""

    channel: Channel
    shared: SharedState
    terms: Terms
    compiled: Callable[[], Compiled]
    heavy: tuple[str, ...]
    mapped: int
    only: bool

    def run(self, data: memoryview) -> bool:
        """Fork the process and wait for its end; tell the grader of a bad one and return whether it was good."""
        parent = os.getpid()
        child = run.fork()
        if child == 0:
            self._main(parent, data)
        _, status = os.waitpid(child, 0)
        if status != 0:
            self.channel.send(frames.encode("died", {"signal": max(0, -os.waitstatus_to_exitcode(status))}))
        return status == 0

    def _main(self, parent: int, data: memoryview) -> NoReturn:
        """Compile and run until the grader is done, and exit; a grader that hangs up is no failure."""
        status = 1
        try:
            syscalls.prctl(syscalls.PR_SET_PDEATHSIG, confine.SIGKILL)
            if os.getppid() == parent:
                self._serve(data)
                status = 0
        except (EOFError, ConnectionError):
            status = 0
        except Exception:  # noqa: BLE001 - written to the log here, and sent to the grader by the process above
            log.write(traceback.format_exc())
        finally:
            os._exit(status)

    def _serve(self, data: bytes | memoryview) -> None:
        """Compile the program and run its tests until the grader has no more of them."""
        mapped = self.mapped
        if self.heavy:
            prelude.warm(*self.heavy)
            mapped = confine.mapped_bytes()
        bounds = Bounds.of(self.terms, mapped)
        confine.limit_compiling(bounds)
        try:
            compiled = self.compiled()
        except NotCompiled as error:
            self.channel.send(frames.encode("compiled", b"", str(error).encode("utf-8", "replace")))
            return
        confine.end_compiling()
        kind, first = "test", True
        while kind == "test":
            _answer(self.channel, ProgramRun(self.shared, self.terms, bounds, data, lambda: compiled), first=first)
            if self.only:
                return
            # Nothing beyond its own frames is read: what comes after the last is for the process above.
            kind, _, data = self.channel.receive("test", "end")
            first = False


def _answer(channel: Channel, test: ProgramRun, *, first: bool) -> None:
    """Run a test and send what was seen.

    The word that the program compiled travels with the first outcome: each message costs the grader a wake-up.
    """
    try:
        header, body = test.run()
    except NotConfined as error:
        log.write(f"a test was not confined: {error}")
        channel.send(frames.encode("died", {"signal": 0, "reason": str(error)}))
        return
    except NotCompiled:
        why = test.refusal()
        channel.send_with(frames.begin("compiled", b"", len(why)), why)
        return
    compiled = frames.encode("compiled") if first else b""
    channel.send_with(compiled + frames.begin("outcome", header, len(body)), body)
