"""A sandbox that misbehaves on request, to see what its client makes of it."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ssd_jobs.sandbox import frames
from ssd_jobs.sandbox.client import Client
from ssd_jobs.sandbox.frames import Channel, ProtocolError
from ssd_jobs.sandbox.protocol import Hello, Outcome, Program, Terms

Behaviour = Callable[[Channel, Program], None]

LAYERS = {"landlock": 7, "seccomp": True, "namespaces": [], "rlimits": True, "no_new_privs": True}
HELLO = Hello(layers=LAYERS, workers=2, memory_mb=1024, generation=0, previous_signal=0)


def outcome(**changes: object) -> Outcome:
    """Return the outcome of a program that printed nothing and ended well."""
    plain: dict[str, object] = {
        "exit_code": 0, "signal": 0, "killed": "", "cpu_seconds": 0.01, "wall_seconds": 0.01, "max_rss_mb": 10.0,
        "stdout": b"", "returned": None, "stderr": b"", "truncated": False,
    }  # fmt: skip
    return Outcome(**{**plain, **changes})  # type: ignore[arg-type]


def program_of(header: bytes, body: bytes) -> Program:
    """Return the program that a frame describes."""
    terms = Terms.of(header)
    source = body.decode("utf-8", "surrogatepass")
    return Program(source=source, limits=terms.limits, mode=terms.mode, kind=terms.kind, entry_point=terms.entry_point)


def frame_of(seen: Outcome) -> tuple[bytes, bytes]:
    """Return header and body of an outcome."""
    returned = seen.returned or b""
    header = seen.header(len(seen.stdout), None if seen.returned is None else len(returned), len(seen.stderr))
    return header, seen.stdout + returned + seen.stderr


def answer(channel: Channel, reply: Callable[[bytes], Outcome]) -> None:
    """Say that the program compiled and answer its tests."""
    channel.send(frames.encode("compiled"))
    kind = "test"
    while kind == "test":
        kind, _, data = channel.receive("test", "only", "end")
        if kind != "end":
            channel.send(frames.encode("outcome", *frame_of(reply(data))))


@contextmanager
def fake_sandbox(path: Path, behave: Behaviour, *, hello: Callable[[], Hello] = lambda: HELLO) -> Iterator[Client]:
    """Listen at a path and behave; yield an impatient client."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    listener.listen(64)
    held: list[socket.socket] = []

    def serve(connection: socket.socket) -> None:
        with contextlib.suppress(EOFError, OSError, ProtocolError), connection:
            channel = Channel(connection)
            channel.send(frames.encode("hello", hello().header()))
            while True:
                _, header, body = channel.receive("program")
                behave(channel, program_of(header, body))

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                held.append(connection)
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield Client(path, connect_seconds=5, margin=0.05)
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in held:
            connection.close()
