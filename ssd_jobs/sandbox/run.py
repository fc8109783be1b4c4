"""One run of a program on one input: a fork is confined and runs it, its parent waits within limits and reports.

The parent runs no line of the program: it looks at bytes, exit status and resource use. It stays outside the
child's confinement, so that the child can neither signal nor trace it, and the child is gone before its output is read.
A program with one test is compiled in the fork itself, after it is confined; otherwise its parent has compiled it.
"""

import mmap
import os
import resource
import select
import signal
import socket
import time
from collections.abc import Callable
from typing import NoReturn

from ssd_jobs.sandbox import confine, inprocess, process, protocol, syscalls, usage
from ssd_jobs.sandbox.bounds import Bounds
from ssd_jobs.sandbox.compiling import Compiled
from ssd_jobs.sandbox.memory import PassingMemory
from ssd_jobs.sandbox.protocol import Ending, NotCompiled, Terms

__all__ = ["NotConfined", "ProgramRun", "SharedState", "fork"]

MAX_THREADS = 128
POLL_SECONDS = 0.05
FORK_ATTEMPTS = 5
FILE_NAMES = ("stdin", "stdout", "stderr", "return")
NOTE_BYTES = 4096
CONFINED, COMPILED = 1, 2


class NotConfined(Exception):
    """A fork could not be confined, and nothing of the program ran; the message names the layer and why."""


class SharedState:
    """What all runs that one process forks share.

    These are the confinement, a page of memory in which a fork leaves a note to its parent, the memory through which
    outputs pass, and the poll that notices when the grader hangs up.
    """

    def __init__(self, confinement: confine.Confinement, connection: socket.socket, memory: PassingMemory) -> None:
        self.memory = memory
        # How far a test came before its program ran, and why not further; tests unmap it before they run it.
        self.note = mmap.mmap(-1, NOTE_BYTES)
        self.poller = select.poll()
        self.poller.register(connection, select.POLLRDHUP)
        self._confinement = confinement
        self._bounds: Bounds | None = None
        self._prepared = confine.PreparedConfinement((), (), ())

    def prepared(self, bounds: Bounds) -> confine.PreparedConfinement:
        """Return the confinement within these bounds, prepared once: programs of one grading share their bounds."""
        if bounds is not self._bounds:
            self._bounds, self._prepared = bounds, self._confinement.prepare(bounds)
        return self._prepared


class ProgramRun:
    """One run of a program on one input."""

    def __init__(
        self,
        shared: SharedState,
        terms: Terms,
        bounds: Bounds,
        data: bytes | memoryview,
        compiled: Callable[[], Compiled],
    ) -> None:
        self.shared = shared
        self.terms = terms
        self.bounds = bounds
        self.data = data
        self.compiled = compiled
        """Gives the compiled program; called in the fork."""
        self.confinement = shared.prepared(bounds)
        self.parent = os.getpid()

    def run(self) -> tuple[bytes, memoryview]:
        """Fork, wait within the limits, and report what was seen, as the two parts of an outcome.

        NotCompiled when that was the fork's to do: why is in the note, as no object of this process.
        """
        self._open_files()
        note = self.shared.note
        note[:2] = b"\0\0"
        started = time.monotonic()
        child = fork()
        if child == 0:
            self._inside()
        killed = self._wait(child, started)
        _, status, used = os.wait4(child, 0)
        if not note[0]:
            raise NotConfined(self._noted() or f"ended with status {status} on the way")
        if note[0] == CONFINED and status == 0:
            raise NotCompiled
        return self._seen(killed, (status, used), time.monotonic() - started)

    def refusal(self) -> memoryview:
        """Return the note that the fork left on why its program does not compile, and wipe it."""
        memory, note = self.shared.memory, self.shared.note
        size = note.find(b"\0", 1) - 1
        memory.room(size)
        memory.uses(size)
        with memoryview(note) as left:
            memory.slice(0, size)[:] = left[1 : 1 + size]
        note[1 : 1 + size] = bytes(size)
        return memory.slice(0, size)

    def rehearse(self) -> None:
        """Do in this process what a fork does, without confining it."""
        self._open_files()
        self.confinement, self.parent = confine.PreparedConfinement((), (), ()), os.getppid()
        self._confined_run()

    def _open_files(self) -> None:
        """Replace the standard descriptors by fresh files in memory."""
        for number in range(self.bounds.files):
            fresh = os.memfd_create(FILE_NAMES[number])
            os.dup2(fresh, number)
            os.close(fresh)
        if self.bounds.files == 3:
            process.write_all(0, self.data)
            os.lseek(0, 0, os.SEEK_SET)

    def _wait(self, child: int, started: float) -> protocol.Killed:
        """Wait until the child ended or went beyond what rlimits can hold; it is dead or dying afterwards."""
        pidfd = os.pidfd_open(child)
        self.shared.poller.register(pidfd, select.POLLIN)
        try:
            while True:
                left = self.bounds.wall - (time.monotonic() - started)
                events = self.shared.poller.poll(max(0.0, min(left, POLL_SECONDS)) * 1000)
                if pidfd in dict(events):
                    return ""
                reason = "wall" if events or left <= 0 else self._excess(child)
                if reason:
                    signal.pidfd_send_signal(pidfd, signal.SIGKILL)
                    return reason
        finally:
            self.shared.poller.unregister(pidfd)
            os.close(pidfd)

    def _excess(self, child: int) -> protocol.Killed:
        """Return which limit that no rlimit can hold exactly was passed."""
        if usage.cpu_seconds(child) >= self.bounds.cpu:
            return "cpu"
        return "threads" if usage.threads(child) > MAX_THREADS else ""

    def _seen(
        self, killed: protocol.Killed, end: tuple[int, resource.struct_rusage], wall: float
    ) -> tuple[bytes, memoryview]:
        """Read what the dead child left into the memory that is wiped."""
        memory, limit = self.shared.memory, self.bounds.file_bytes
        private = self.bounds.files == 4
        main = memory.take(confine.RETURN_FD if private else 1, 0, limit)
        size = os.lseek(2, 0, os.SEEK_END)
        last = min(size, protocol.STDERR_LIMIT)
        errors = memory.take_from(2, size - last, main, last) if last else 0
        status, used = end
        code = os.waitstatus_to_exitcode(status)
        complete = private and code == 0 and not killed
        ending = Ending(
            exit_code=max(code, 0),
            signal=max(-code, 0),
            killed=killed,
            cpu_seconds=used.ru_utime + used.ru_stime,
            wall_seconds=wall,
            max_rss_mb=used.ru_maxrss / 1024,
            truncated=main == limit,
        )
        start = 0 if complete or not private else main
        header = ending.header(0 if private else main, main if complete and main else None, errors)
        return header, memory.slice(start, main + errors)

    def _inside(self) -> NoReturn:
        """Run the test and exit; everything from here on happens in the fork."""
        status = 1
        try:
            status = self._confined_run()
        finally:
            os._exit(status)

    def _confined_run(self) -> int:
        """Confine this process, compile what is not compiled, run; return the exit status."""
        note = self.shared.note
        failure = self.confinement.enter()
        if failure or os.getppid() != self.parent:
            self._note(failure)
            return 1
        note[0] = CONFINED
        try:
            compiled = self.compiled()
        except NotCompiled as error:
            self._note(str(error))
            return 0
        # Written to shared memory that is unmapped before the program runs: it cannot be taken back or forged.
        note[0] = COMPILED
        note.close()
        return self._in_process(compiled) if self.terms.mode == "LCB" else self._as_process(compiled)

    def _note(self, text: str) -> None:
        """Write a note for the parent."""
        self.shared.note[1:] = text.encode("utf-8", "replace")[: NOTE_BYTES - 1].ljust(NOTE_BYTES - 1, b"\0")

    def _noted(self) -> str:
        """Return the note that the fork left."""
        return self.shared.note[1:].partition(b"\0")[0].decode("utf-8", "replace")

    def _as_process(self, compiled: Compiled) -> int:
        """Run with real streams; return the exit status."""
        terms, code, module = self.terms, compiled.code, compiled.module

        def body() -> None:
            if terms.kind == "stdin":
                process.run_script(code, module)
            else:
                call = process.call_typed if terms.kind == "typed" else process.call_function
                answer = call(code, module, entry_point=terms.entry_point, data=bytes(self.data))
                process.write_all(confine.RETURN_FD, answer)

        return process.finish(_status(body), module)

    def _in_process(self, compiled: Compiled) -> int:
        """Run as LiveCodeBench does; return the exit status."""
        terms = self.terms

        def body() -> None:
            answer = inprocess.run(
                compiled.text,
                compiled.code,
                kind=terms.kind,
                entry_point=terms.entry_point,
                data=bytes(self.data),
                seconds=terms.limits.cpu_seconds,
            )
            process.write_all(confine.RETURN_FD, answer or b"\n")

        return 0 if _status(body) == 0 else 1


def _status(body: Callable[[], None]) -> int:
    """Run the program and return the exit status it earned."""
    try:
        body()
    except BaseException as error:  # noqa: BLE001 - whatever a program raises is its result
        return process.status_of(error)
    return 0


def fork() -> int:
    """Fork, waiting out a moment in which no process can be had."""
    for attempt in range(FORK_ATTEMPTS):
        try:
            return syscalls.fork()
        except OSError:
            time.sleep(0.05 * 2**attempt)
    return syscalls.fork()
