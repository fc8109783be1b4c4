"""One connection of the sandbox: programs one after another, each in processes of its own.

The process of a connection touches no program's text: it reads frames and forks. A program with one test is compiled
and run by one fork, which is the test: forks are most of what a short program costs. A program with several tests, or
with heavy modules, gets a process that compiles it once and forks each test from there.
"""

import os
import socket
import traceback
from dataclasses import dataclass
from typing import NoReturn

from ssd_jobs.sandbox import compiling, confine, frames, log, prelude, run, syscalls
from ssd_jobs.sandbox.bounds import Bounds
from ssd_jobs.sandbox.frames import Channel
from ssd_jobs.sandbox.protocol import NotCompiled, Program
from ssd_jobs.sandbox.run import NotConfined, ProgramRun, SharedState

__all__ = ["serve"]


def serve(connection: socket.socket, confinement: confine.Confinement) -> None:
    """Serve programs until the grader hangs up, or one of them breaks its process."""
    channel = Channel(connection, ahead=True)
    shared = SharedState(confinement, connection)
    mapped = confine.mapped_bytes()
    confine.limit_connection()
    mode = None
    while True:
        try:
            _, header, body = channel.receive("program")
        except EOFError:
            return
        program = Program.parse(header, body)
        kind, _, data = channel.receive("test", "only")
        if program.mode != mode:
            mode = program.mode
            confine.limit_stack(mode)
        heavy = tuple(name for name in prelude.HEAVY if name in program.source)
        if kind == "only" and not heavy:
            _answer(channel, ProgramRun(shared, program, Bounds.of(program, mapped), data, None), first=True)
        elif not _ProgramProcess(channel, shared, program, heavy, mapped, only=kind == "only").run(data):
            return


@dataclass(frozen=True, slots=True)
class _ProgramProcess:
    """A process that compiles one program and forks its runs."""

    channel: Channel
    shared: SharedState
    program: Program
    heavy: tuple[str, ...]
    mapped: int
    only: bool

    def run(self, data: bytes) -> bool:
        """Fork the process and wait for its end; tell the grader of a bad one and return whether it was good."""
        parent = os.getpid()
        child = run.fork()
        if child == 0:
            self._main(parent, data)
        _, status = os.waitpid(child, 0)
        if status != 0:
            self.channel.send(frames.encode("died", {"signal": max(0, -os.waitstatus_to_exitcode(status))}))
        return status == 0

    def _main(self, parent: int, data: bytes) -> NoReturn:
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

    def _serve(self, data: bytes) -> None:
        """Compile the program and run its tests until the grader has no more of them."""
        program, mapped = self.program, self.mapped
        if self.heavy:
            prelude.warm(*self.heavy)
            mapped = confine.mapped_bytes()
        bounds = Bounds.of(program, mapped)
        confine.limit_compiling(bounds)
        try:
            compiled = compiling.compile_program(program)
        except NotCompiled as error:
            _refuse(self.channel, error)
            return
        confine.end_compiling()
        # Reads nothing beyond its own frames: what comes after the last is for the process above.
        channel = Channel(self.channel.connection)
        kind, first = "test", True
        while kind == "test":
            _answer(channel, ProgramRun(self.shared, program, bounds, data, compiled), first=first)
            if self.only:
                return
            kind, _, data = channel.receive("test", "end")
            first = False


def _answer(channel: Channel, test: ProgramRun, *, first: bool) -> None:
    """Run a test and send what was seen.

    The word that the program compiled travels with the first outcome: each message costs the grader a wake-up.
    """
    try:
        frame = test.run().frame()
    except NotConfined as error:
        log.write(f"a test was not confined: {error}")
        channel.send(frames.encode("died", {"signal": 0, "reason": str(error)}))
        return
    except NotCompiled as error:
        _refuse(channel, error)
        return
    compiled = frames.encode("compiled") if first else b""
    channel.send(compiled + frames.encode("outcome", *frame))


def _refuse(channel: Channel, error: NotCompiled) -> None:
    """Send why there is nothing to run."""
    channel.send(frames.encode("compiled", b"", str(error).encode("utf-8", "replace")))
