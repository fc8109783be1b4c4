"""The memory through which programs, inputs and outputs pass in the process of a connection.

Every test is a fork of that process and finds in its memory whatever is left there: freed objects of Python keep their
bytes. So nothing of a program may ever become an object of this process. Its text and input are received into one
mapping, read there by the fork, and overwritten by the outputs, which are sent from there; then all of it is wiped.
"""

import mmap
import os
import socket

from ssd_jobs.sandbox import frames
from ssd_jobs.sandbox.frames import ProtocolError

__all__ = ["Inbox", "PassingMemory"]

KEPT = 64 * 1024
"""What is kept from program to program; a larger mapping is given back to the kernel instead of being wiped."""
AHEAD = 16 * 1024
ZEROS = bytes(KEPT)
FLAGS = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS


class PassingMemory:
    """A mapping that nothing survives in; a slice of it is valid until it is wiped."""

    def __init__(self) -> None:
        self._map = mmap.mmap(-1, KEPT, flags=FLAGS)
        self._used = 0

    def room(self, size: int) -> None:
        """Make sure that so many bytes fit; what was in use stays at its place."""
        if size > len(self._map):
            larger = mmap.mmap(-1, max(size, 2 * len(self._map)), flags=FLAGS)
            memoryview(larger)[: len(self._map)] = memoryview(self._map)
            # The old one is unmapped with the last slice of it.
            self._map = larger

    def uses(self, size: int) -> None:
        """Remember that so many bytes of it are written and have to be wiped."""
        self._used = max(self._used, size)

    def slice(self, start: int, stop: int) -> memoryview:
        """Return a part of it, without a copy."""
        return memoryview(self._map)[start:stop]

    def holds(self, word: bytes, start: int, stop: int) -> bool:
        """Return whether a word is in a part of it."""
        return self._map.find(word, start, stop) >= 0

    def take(self, descriptor: int, start: int, limit: int) -> int:
        """Read the beginning of a file to a place in it; return how much that was."""
        size = min(os.lseek(descriptor, 0, os.SEEK_END), limit)
        return self.take_from(descriptor, 0, start, size)

    def take_from(self, descriptor: int, offset: int, start: int, size: int) -> int:
        """Read a part of a file to a place in it; return how much that was."""
        self.room(start + size)
        done = 0
        while done < size:
            read = os.preadv(descriptor, [self.slice(start + done, start + size)], offset + done)
            if not read:
                break
            done += read
            self.uses(start + done)
        return done

    def wipe(self) -> None:
        """Forget everything."""
        if len(self._map) > KEPT:
            self._map = mmap.mmap(-1, KEPT, flags=FLAGS)
        else:
            self._map[: self._used] = ZEROS[: self._used]
        self._used = 0


class Inbox:
    """Frames from a connection, whose bodies stay in passing memory."""

    def __init__(self, connection: socket.socket, memory: PassingMemory) -> None:
        self._connection = connection
        self._memory = memory
        self._start = self._filled = 0

    def receive(self, *kinds: str) -> tuple[str, bytes, tuple[int, int]]:
        """Return type and header of the next frame, and where its body is; EOFError at the end."""
        self._fill(frames.PREFIX.size)
        prefix = self._start
        kind, head_size, body_size = frames.opened(self._memory.slice(prefix, prefix + frames.PREFIX.size), kinds)
        head = prefix + frames.PREFIX.size
        body = head + head_size
        self._fill(body + body_size - prefix)
        self._start = body + body_size
        return kind, bytes(self._memory.slice(head, body)), (body, body + body_size)

    def wipe(self) -> None:
        """Forget all frames that were received."""
        if self._start != self._filled:
            raise ProtocolError("a frame that nobody waits for")
        self._start = self._filled = 0
        self._memory.wipe()

    def _fill(self, size: int) -> None:
        """Receive until at least that many bytes of the next frame are there; raise EOFError when the peer hangs up."""
        while self._filled - self._start < size:
            missing = size - (self._filled - self._start)
            stop = self._filled + max(missing, AHEAD)
            self._memory.room(stop)
            count = self._connection.recv_into(self._memory.slice(self._filled, stop))
            if not count:
                raise EOFError("the connection ended")
            self._filled += count
            self._memory.uses(self._filled)
