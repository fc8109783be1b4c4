"""What the grader and its sandbox say to each other.

A connection carries one program after another: the sandbox greets once, the grader sends a program, then one input
after another (`test`, at last `end`; or `only` where there is but one), and each is answered by an `Outcome`. Every
field is checked before it is used. An expected output has no place in any message.
"""

import functools
import struct
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from ssd_jobs.sandbox.frames import BODY_LIMIT, ProtocolError

__all__ = ["Ending", "Hello", "Killed", "Kind", "Limits", "Mode", "NotCompiled", "Outcome", "Program", "Terms"]

Mode = Literal["Process", "LCB"]
Kind = Literal["stdin", "functional", "typed"]
"""A program as a whole, or a function; a `typed` one is given and returns values of all of Python's plain types."""
Killed = Literal["", "cpu", "wall", "threads"]

VERSION = 4
STDERR_LIMIT = 2048
MODES: tuple[Mode, ...] = get_args(Mode)
KINDS: tuple[Kind, ...] = get_args(Kind)
PROGRAM = struct.Struct(">BBddII")
OUTCOME = struct.Struct(">BBBBdddIII")
KILLED: tuple[Killed, ...] = get_args(Killed)
TRUNCATED, HAS_RETURN = 1, 2


class NotCompiled(Exception):
    """The program does not compile; the message is the compiler's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one test of a program may use; CPU time is the limit meant to bite, wall time only ends sleepers."""

    cpu_seconds: float
    wall_seconds: float
    memory_mb: int
    output_mb: int

    def __post_init__(self) -> None:
        numbers = (self.cpu_seconds, self.wall_seconds, self.memory_mb, self.output_mb)
        if not all(isinstance(value, int | float) and 0 < value < 2**20 for value in numbers):
            raise ProtocolError(f"limits must be positive numbers: {self}")
        if self.output_bytes * 2 + STDERR_LIMIT > BODY_LIMIT:
            raise ProtocolError(f"output_mb {self.output_mb} is more than one answer can carry; use 64 or less")

    @property
    def output_bytes(self) -> int:
        """Return the largest output that is still accepted."""
        return self.output_mb * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How a program is run and called; `entry_point` is `f` or `Solution.f`, empty for stdin."""

    limits: Limits
    mode: Mode = "Process"
    kind: Kind = "stdin"
    entry_point: str = ""

    def __post_init__(self) -> None:
        if self.mode not in MODES or self.kind not in KINDS:
            raise ProtocolError(f"unknown mode {self.mode!r} or kind {self.kind!r}")
        if (self.kind == "stdin") == bool(self.entry_point):
            raise ProtocolError("an entry point belongs to a function, and only to one")
        if self.kind == "typed" and self.mode == "LCB":
            raise ProtocolError("the official runner knows no typed functions")

    def header(self) -> bytes:
        """Return them as the header of a frame, whose body is the program's text."""
        limits = self.limits
        numbers = (limits.cpu_seconds, limits.wall_seconds, limits.memory_mb, limits.output_mb)
        return PROGRAM.pack(MODES.index(self.mode), KINDS.index(self.kind), *numbers) + self.entry_point.encode()

    @staticmethod
    @functools.lru_cache(maxsize=16)
    def of(header: bytes) -> "Terms":
        """Return what a header says; most programs of a grading share theirs."""
        try:
            mode, kind, cpu, wall, memory, output = PROGRAM.unpack_from(header)
            limits = Limits(cpu_seconds=cpu, wall_seconds=wall, memory_mb=memory, output_mb=output)
            entry_point = header[PROGRAM.size :].decode()
            return Terms(mode=MODES[mode], kind=KINDS[kind], entry_point=entry_point, limits=limits)
        except (struct.error, IndexError, UnicodeDecodeError) as error:
            raise ProtocolError(f"not a program: {error}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Program(Terms):
    """Untrusted source and how to call it."""

    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How one test ended: exit status and resource use, as observed from outside the tested process."""

    exit_code: int
    signal: int
    killed: Killed
    cpu_seconds: float
    wall_seconds: float
    max_rss_mb: float
    truncated: bool

    def header(self, stdout: int, returned: int | None, stderr: int) -> bytes:
        """Return it as the header of a frame, whose body is so many bytes of each."""
        return OUTCOME.pack(
            self.exit_code,
            self.signal,
            KILLED.index(self.killed),
            TRUNCATED * self.truncated + HAS_RETURN * (returned is not None),
            self.cpu_seconds,
            self.wall_seconds,
            self.max_rss_mb,
            stdout,
            returned or 0,
            stderr,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome(Ending):
    """What one test did: how it ended, and its bytes.

    `returned` is what came over the private descriptor: the JSON of a functional result, or the captured text
    of an in-process run. It is None when the program ended before it was complete.
    """

    stdout: bytes
    returned: bytes | None
    stderr: bytes

    @classmethod
    def parse(cls, header: bytes, body: bytes, limits: Limits) -> "Outcome":
        """Build an outcome and refuse one that no run under these limits can have."""
        if len(header) != OUTCOME.size:
            raise ProtocolError("not an outcome")
        code, signal, killed, flags, cpu, wall, rss, first, second, third = OUTCOME.unpack(header)
        if signal > 64 or killed >= len(KILLED) or first + second + third != len(body):
            raise ProtocolError("an outcome that no program can have")
        # Written so that NaN fails too.
        if not (0 <= cpu < 1e9 and 0 <= wall < 1e9 and 0 <= rss < 1e9) or max(first, second) > limits.output_bytes + 1:
            raise ProtocolError("an outcome beyond what its limits allow")
        return cls(
            exit_code=code,
            signal=signal,
            killed=KILLED[killed],
            cpu_seconds=cpu,
            wall_seconds=wall,
            max_rss_mb=rss,
            stdout=body[:first],
            returned=body[first : first + second] if flags & HAS_RETURN else None,
            stderr=body[first + second :],
            truncated=bool(flags & TRUNCATED),
        )

    def last_line(self) -> str:
        """Return the last line of what was written to stderr, made safe to print."""
        lines = self.stderr.decode("utf-8", "replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return "".join(char if char.isprintable() else "?" for char in last)[:200]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """The greeting of a connection: which protection is on, and how the server before this one ended."""

    layers: Mapping[str, Any]
    workers: int
    memory_mb: int
    generation: int
    previous_signal: int

    @classmethod
    def parse(cls, header: Mapping[str, Any]) -> "Hello":
        """Build the greeting that a frame describes."""
        try:
            if header["version"] != VERSION or not isinstance(header["layers"], dict):
                raise ProtocolError(f"sandbox of version {header['version']}, grader of version {VERSION}")
            counts = {
                name: _whole(header[name], 0, 2**31)
                for name in ("workers", "memory_mb", "generation", "previous_signal")
            }
        except (KeyError, TypeError, ValueError) as error:
            raise ProtocolError(f"not a greeting: {error!r}") from None
        return cls(layers=header["layers"], **counts)

    def header(self) -> dict[str, Any]:
        """Return the frame's header."""
        return {"version": VERSION, **asdict(self)}


def _whole(value: object, low: int, high: int) -> int:
    """Return an int within bounds."""
    if type(value) is not int or not low <= value <= high:
        raise ValueError(f"{value!r} is not a whole number from {low} to {high}")
    return value
