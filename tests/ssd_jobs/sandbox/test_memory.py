"""Nothing of another program is in the memory of a process that runs one: not its text, its input, nor its output."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from ssd_jobs.sandbox import local
from ssd_jobs.sandbox.client import Client, Lines
from ssd_jobs.sandbox.protocol import Limits, NotCompiled, Program

LIMITS = Limits(cpu_seconds=20, wall_seconds=60, memory_mb=256, output_mb=1)
THIEF = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.sbrk.restype = ctypes.c_void_p
first, second = {first!r}, {second!r}
reading, writing = os.pipe()
PAGE = 4096

def pages(start, stop):
    # write(2) answers EFAULT where nothing is mapped, and harms nobody.
    before = b''
    for address in range(start // PAGE * PAGE, stop, PAGE):
        if libc.write(writing, ctypes.c_void_p(address), PAGE) == PAGE:
            data = os.read(reading, PAGE)
            yield before + data
            before = data[-100:]
        else:
            before = b''

def found(start, stop):
    for data in pages(start, stop):
        place = data.find(first)
        while place >= 0:
            if data.startswith(second, place + len(first)):
                return True
            place = data.find(first, place + 1)
    return False

top = libc.sbrk(0)
anchors = [id(object()), id([0] * 10**5), ctypes.cast(libc.malloc, ctypes.c_void_p).value]
ranges = [(top - (32 << 20), top), *((at - (64 << 20), at + (64 << 20)) for at in anchors)]
print(any([found(max(PAGE, start), stop) for start, stop in ranges]))
"""


@dataclass(frozen=True)
class Victim:
    """A program that carries a secret in one of the ways in which it can."""

    source: str
    data: bytes = b""


VICTIMS: dict[str, Callable[[str], Victim]] = {
    "text": lambda secret: Victim(f"print(6)  # {secret} " + f" {secret}".rjust(700, "x") * 12),
    "long text": lambda secret: Victim(f"# {f' {secret}'.rjust(700, 'x') * 400}\nprint(6)"),
    "input": lambda secret: Victim("print(len(input()))", f" {secret}".encode().rjust(700, b"x") * 12),
    "long input": lambda secret: Victim("print(len(input()))", f" {secret}".encode().rjust(700, b"x") * 400),
    "output": lambda secret: Victim(f"print({secret[:8]!r}, {secret[8:]!r}, sep='', end='x' * 700)\n" * 12),
    "long output": lambda secret: Victim(f"print(({secret[:8]!r} + {secret[8:]!r} + 'x' * 700) * 400)"),
    "error": lambda secret: Victim(f"raise ValueError({secret[:8]!r} + {secret[8:]!r})"),
    "no program": lambda secret: Victim(f"def f(a{secret}, a{secret}): pass"),
}


@pytest.fixture(scope="module")
def single() -> Iterator[Client]:
    """A sandbox in which programs follow each other in one connection's process."""
    with local.spawn(workers=1, memory_mb=512) as client:
        yield client


def run(lines: Lines, source: str, data: bytes, *, only: bool) -> bytes:
    """Run a program once and return its output."""
    with lines.session(Program(source=source, limits=LIMITS), only=only) as session:
        return session.run(data).stdout


@pytest.mark.parametrize("only", [True, False], ids=["one test", "several tests"])
@pytest.mark.parametrize("kind", VICTIMS)
def test_a_program_finds_nothing_of_the_one_before_it(single: Client, kind: str, only: bool) -> None:
    """A program that looks through all memory it can reach finds neither text nor data of its neighbour."""
    secret = secrets.token_hex(8)
    victim = VICTIMS[kind](secret)
    thief = THIEF.format(first=secret[:8].encode(), second=secret[8:].encode())
    with single.lines() as lines:
        for _ in range(3):
            try:
                run(lines, victim.source, victim.data, only=only)
            except NotCompiled:
                assert kind == "no program"
        assert run(lines, thief, b"", only=only) == b"False\n"


def test_a_program_that_looks_finds_what_is_there(single: Client) -> None:
    """The search of these tests finds a text that its own process holds."""
    secret = secrets.token_hex(8)
    source = f"held = {secret!r} + ' ' * 100\n" + THIEF.format(first=secret[:8].encode(), second=secret[8:].encode())
    with single.lines() as lines:
        assert run(lines, source, b"", only=True) == b"True\n"
