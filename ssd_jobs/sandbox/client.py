"""The grader's end of the socket: one session per program, every wait bounded, every answer checked.

Whatever goes wrong becomes one of three failures, none of which is a verdict: the sandbox went down, it did not
answer in time, or it sent what no run can have produced. The caller decides about retries, because only it knows
whether anybody else's program was running.
"""

import contextlib
import socket
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ssd_jobs.errors import BadInput
from ssd_jobs.sandbox import frames, layers
from ssd_jobs.sandbox.frames import BODY_LIMIT, Channel, ProtocolError
from ssd_jobs.sandbox.protocol import Hello, NotCompiled, Outcome, Program

__all__ = [
    "Client",
    "Line",
    "Lines",
    "SandboxDown",
    "SandboxFailure",
    "SandboxHung",
    "SandboxLied",
    "Session",
    "WeakIsolation",
]

MARGIN_SECONDS = 15.0
CONNECT_SECONDS = 60.0
REASON_LIMIT = 4096
START_SECONDS = 60.0
"""For waiting until a server runs and has room, and for compiling."""


class SandboxFailure(Exception):
    """The sandbox did not do its work; nothing is known about the program."""


class SandboxDown(SandboxFailure):
    """The connection ended; `signal` is what ended the program's process or the whole server, 0 when unknown."""

    def __init__(self, message: str, signal: int = 0) -> None:
        super().__init__(message)
        self.signal = signal


class SandboxHung(SandboxFailure):
    """No answer came within the time that the limits allow, and some more."""


class SandboxLied(SandboxFailure):
    """An answer came that breaks the protocol or its own limits."""


class WeakIsolation(BadInput):
    """The sandbox protects less than is asked for."""


class Session:
    """A program in the sandbox; it travels with the first input, so that a short program costs one round trip."""

    def __init__(self, line: "Line", program: Program, margin: float, *, only: bool) -> None:
        self._line = line
        self._channel = line.channel
        self._limits = program.limits
        limits = program.limits
        self._patience = max(limits.wall_seconds, 2 * limits.cpu_seconds + 1) + margin
        source = program.source.encode("utf-8", "surrogatepass")
        self._unsent = line.unsent + frames.encode("program", program.header(), source)
        self._kind = "only" if only else "test"

    def run(self, data: bytes) -> Outcome:
        """Run one test and return what was seen; NotCompiled when there is nothing to run."""
        first = bool(self._unsent)
        self._line.reusable = False
        with _failures(self._channel, self._patience + (START_SECONDS if first else 0.0)):
            self._channel.send(self._unsent + frames.encode(self._kind, b"", data))
            self._unsent = b""
            if first:
                self._await_compiled()
            _, header, body = self._receive("outcome")
            outcome = Outcome.parse(header, body, self._limits)
        self._line.reusable = True
        self._line.unsent = frames.encode("end") if self._kind == "test" else b""
        return outcome

    def _await_compiled(self) -> None:
        """Read what comes before the first outcome."""
        if not self._line.greeted:
            self._channel.receive("hello", body_limit=0)
            self._line.greeted = True
        _, _, error = self._receive("compiled", body_limit=REASON_LIMIT)
        if error:
            self._line.reusable, self._line.unsent = True, b""
            raise NotCompiled(_shown(error.decode("utf-8", "replace"), 300))

    def _receive(self, kind: str, body_limit: int = BODY_LIMIT) -> tuple[str, bytes, bytes]:
        """Return the next frame, or raise when it tells that the program's process ended."""
        frame = self._channel.receive(kind, "died", body_limit=body_limit)
        if frame[0] == "died":
            raise _death(frames.decode(frame[1]))
        return frame


def _death(header: Mapping[str, Any]) -> SandboxFailure:
    """Return what a frame about the end of a program's process tells; its words come from the sandbox."""
    signal, reason = header.get("signal"), header.get("reason")
    if type(signal) is int and 0 < signal <= 64:
        return SandboxDown(f"the program's process ended by signal {signal}", signal)
    words = _shown(reason, 200) if isinstance(reason, str) else ""
    return SandboxFailure(f"the sandbox could not confine a test ({words or 'it does not say why'})")


def _shown(text: str, length: int) -> str:
    """Return the sandbox's words as part of a line for a person: a terminal may obey some characters."""
    return "".join(each if each.isprintable() else " " for each in text[:length])


@dataclass(slots=True)
class Line:
    """A connection, and where in the protocol it stands."""

    channel: Channel
    greeted: bool = False
    reusable: bool = True
    unsent: bytes = b""
    """What ends the last program; it travels with the next one."""


class Lines:
    """Sessions over connections that are kept for the next program; safe to use from several threads."""

    def __init__(self, client: "Client") -> None:
        self._client = client
        self._idle: list[Line] = []

    @contextlib.contextmanager
    def session(self, program: Program, *, only: bool = False) -> Iterator[Session]:
        """Open a session for a program, which has but one test if `only`; leaving the context ends its processes."""
        self._client.check_memory(program)
        line = self._idle.pop() if self._idle else self._client.connect()
        try:
            yield Session(line, program, self._client.margin, only=only)
        finally:
            if line.reusable:
                self._idle.append(line)
            else:
                line.channel.connection.close()

    def close(self) -> None:
        """Close the idle connections."""
        while self._idle:
            self._idle.pop().channel.connection.close()


class Client:
    """Opens sessions; safe to use from several threads, each with a session of its own."""

    def __init__(self, path: Path, *, connect_seconds: float = CONNECT_SECONDS, margin: float = MARGIN_SECONDS) -> None:
        self.path = path
        self.connect_seconds = connect_seconds
        self.margin = margin
        self._memory_mb: int | None = None

    def hello(self) -> Hello:
        """Ask for a greeting: which layers are on, how many workers there are, how the last server ended."""
        with contextlib.closing(_connect(self.path, time.monotonic() + self.connect_seconds)) as connection:
            channel = Channel(connection)
            with _failures(channel, self.connect_seconds):
                _, header, _ = channel.receive("hello", body_limit=0)
                return Hello.parse(frames.decode(header))

    def require_strong(self, *, allow_weak: bool = False) -> Hello:
        """Return the greeting, or refuse a sandbox that protects too little."""
        hello = self.hello()
        weak = layers.weakness(hello.layers)
        if weak and not allow_weak:
            raise WeakIsolation(
                f"sandbox at {self.path}: isolation is too weak: {weak}; or set allowWeakIsolation: true"
            )
        return hello

    def check_memory(self, program: Program) -> None:
        """Refuse limits that the sandbox was not sized for."""
        if self._memory_mb is None:
            self._memory_mb = self.hello().memory_mb
        if program.limits.memory_mb > self._memory_mb:
            raise BadInput(
                f"memory_mb {program.limits.memory_mb} is more than the sandbox allows a test ({self._memory_mb}); "
                "start it with a larger --memory-mb"
            )

    def connect(self) -> Line:
        """Return a new connection; it waits for a free worker."""
        return Line(Channel(_connect(self.path, time.monotonic() + self.connect_seconds), ahead=True))

    @contextlib.contextmanager
    def session(self, program: Program, *, only: bool = False) -> Iterator[Session]:
        """Open a session over a connection of its own."""
        with self.lines() as lines, lines.session(program, only=only) as session:
            yield session

    @contextlib.contextmanager
    def lines(self) -> Iterator[Lines]:
        """Keep connections for many programs; each holds a worker until the context ends."""
        lines = Lines(self)
        with contextlib.closing(lines):
            yield lines


def _connect(path: Path, deadline: float) -> socket.socket:
    """Return a connected socket, trying until the deadline."""
    while True:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(str(path))
        except OSError as error:
            connection.close()
            if time.monotonic() > deadline:
                raise SandboxDown(f"no sandbox at {path}: {error.strerror}") from None
            time.sleep(0.05)
        else:
            return connection


@contextlib.contextmanager
def _failures(channel: Channel, seconds: float) -> Iterator[None]:
    """Bound the time of one exchange and name what went wrong in it."""
    channel.patience(seconds)
    try:
        yield
    except ProtocolError as error:
        raise SandboxLied(str(error)) from None
    except BlockingIOError:
        raise SandboxHung(f"no answer within {seconds:.0f} s") from None
    except (EOFError, OSError) as error:
        raise SandboxDown(f"the sandbox went away: {error}") from None
