"""How messages travel over the one socket between the grader and its sandbox.

A frame is a type, two lengths, a header and a body of bytes; headers are JSON, except those of programs and outcomes,
of which there are too many. Both ends treat the other as hostile: every length is bounded before memory is spent on
it, and a frame of a type that is not expected ends the conversation.
"""

import json
import socket
import struct
from collections.abc import Collection, Mapping
from typing import Any

__all__ = ["BODY_LIMIT", "PREFIX", "Channel", "ProtocolError", "begin", "decode", "encode", "opened"]

HEADER_LIMIT = 64 * 1024
BODY_LIMIT = 256 * 1024 * 1024
CHUNK = 256 * 1024
AHEAD = 16 * 1024
"""Small enough for the allocator to keep at hand: larger buffers are mapped and unmapped for each message."""
PREFIX = struct.Struct(">cII")
TIMEVAL = struct.Struct("@ll")
TYPES = {
    "hello": b"h",
    "program": b"p",
    "compiled": b"c",
    "test": b"t",
    "only": b"1",
    "end": b"e",
    "outcome": b"o",
    "died": b"d",
}
NAMES = {code: name for name, code in TYPES.items()}


class ProtocolError(Exception):
    """The other end sent something that no honest peer sends."""


def encode(kind: str, header: Mapping[str, Any] | bytes = b"", body: bytes = b"") -> bytes:
    """Return one frame."""
    head = header if isinstance(header, bytes) else json.dumps(header, separators=(",", ":")).encode()
    return begin(kind, head, len(body)) + body


def begin(kind: str, header: bytes, body_size: int) -> bytes:
    """Return a frame up to its body."""
    return PREFIX.pack(TYPES[kind], len(header), body_size) + header


def opened(data: bytes | memoryview, kinds: Collection[str], body_limit: int = BODY_LIMIT) -> tuple[str, int, int]:
    """Return type and lengths of a frame that begins here; it must be of one of these types."""
    code, head_size, body_size = PREFIX.unpack_from(data)
    kind = NAMES.get(code, "")
    if kind not in kinds:
        raise ProtocolError(f"a frame that is none of {', '.join(kinds)}")
    if head_size > HEADER_LIMIT or body_size > body_limit:
        raise ProtocolError(f"a frame of {head_size} + {body_size} bytes")
    return kind, head_size, body_size


def decode(header: bytes) -> dict[str, Any]:
    """Return a JSON header."""
    try:
        fields = json.loads(header)
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        raise ProtocolError("a frame whose header is not JSON")
    return fields


class Channel:
    """One end of a connection, from which frames can be read.

    `ahead` takes from the socket what is there, which saves calls; without it nothing beyond a frame is read, because
    a fork may be meant to read it.
    """

    def __init__(self, connection: socket.socket, *, ahead: bool = False) -> None:
        self.connection = connection
        self._ahead = ahead
        self._pending = b""
        self._patience = 0.0

    def patience(self, seconds: float) -> None:
        """Bound each wait from now on; one that takes longer is a BlockingIOError.

        The kernel keeps this time itself, where Python's own time-outs ask it before each message whether there is one.
        """
        if seconds != self._patience:
            whole = int(seconds)
            limit = TIMEVAL.pack(whole, int((seconds - whole) * 1e6))
            for side in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
                self.connection.setsockopt(socket.SOL_SOCKET, side, limit)
            self._patience = seconds

    def send(self, frames: bytes) -> None:
        """Send frames."""
        self.connection.sendall(frames)

    def send_with(self, frames: bytes, body: memoryview) -> None:
        """Send frames of which the last one's body is elsewhere, without a copy of it."""
        sent = self.connection.sendmsg([frames, body])
        if sent < len(frames):
            self.connection.sendall(frames[sent:])
        if sent < len(frames) + len(body):
            self.connection.sendall(body[max(0, sent - len(frames)) :])

    def receive(self, *kinds: str, body_limit: int = BODY_LIMIT) -> tuple[str, bytes, bytes]:
        """Return type, header and body of the next frame, which must be of one of these types; EOFError at the end."""
        self._fill(PREFIX.size)
        kind, head_size, body_size = opened(self._pending, kinds, body_limit)
        body = PREFIX.size + head_size
        self._fill(body + body_size)
        data, self._pending = self._pending, self._pending[body + body_size :]
        return kind, data[PREFIX.size : body], data[body : body + body_size]

    def _fill(self, size: int) -> None:
        """Receive until at least that many bytes are pending; raise EOFError when the peer hangs up."""
        missing = size - len(self._pending)
        if missing <= 0:
            return
        parts = [self._pending]
        while missing > 0:
            part = self.connection.recv(min(max(missing, AHEAD if self._ahead else 0), CHUNK))
            if not part:
                raise EOFError("the connection ended")
            parts.append(part)
            missing -= len(part)
        self._pending = b"".join(parts)
