"""The filters as programs: run by a small interpreter over every system call and telling arguments."""

import errno
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssd_jobs.sandbox import seccomp
from ssd_jobs.sandbox.syscalls import MACHINE, NUMBERS

ALLOWED, REFUSED, NO_SUCH_CALL = "allowed", "refused", "no such call"
WORDS = {
    0x7FFF0000: ALLOWED,
    0x00050000 | errno.EPERM: REFUSED,
    0x00050000 | errno.ENOSYS: NO_SUCH_CALL,
    0x80000000: "killed",
}
CLONE_THREAD_FLAGS = 0x3D0F00


def decide(program: bytes, call: str | int, *arguments: int, arch: int = seccomp.ARCHES[MACHINE]) -> str:
    """Interpret a filter for one call."""
    number = NUMBERS[call] if isinstance(call, str) else call
    padded = [argument & (1 << 64) - 1 for argument in [*arguments, *[0] * 6][:6]]
    data = struct.pack("iIQ6Q", number, arch, 0, *padded)
    steps = list(struct.iter_unpack("HBBI", program))
    place = value = 0
    while True:
        code, yes, no, k = steps[place]
        place += 1
        match code:
            case 0x20:
                value = struct.unpack_from("I", data, k)[0]
            case 0x54:
                value &= k
            case 0x06:
                return WORDS[k]
            case 0x15 | 0x35 | 0x45:
                holds = {0x15: value == k, 0x35: value >= k, 0x45: bool(value & k)}[code]
                place += yes if holds else no
            case _:
                raise AssertionError(f"unknown instruction {code:#x}")


SERVER = seccomp.server_filter()
TEST = seccomp.test_filter()

TABLE = [
    # filter, call, arguments, decision
    *((SERVER, name, (), REFUSED) for name in seccomp.NOBODY_NEEDS.split() if name in NUMBERS),
    (SERVER, "clone3", (), NO_SUCH_CALL),
    (SERVER, "socketpair", (1, 1), ALLOWED),
    (SERVER, "socketpair", (1, 1 | 0o2004000), ALLOWED),
    (SERVER, "socketpair", (1, 2), REFUSED),
    (SERVER, "socketpair", (1, 5), REFUSED),
    (SERVER, "socketpair", (2, 1), REFUSED),
    (SERVER, "clone", (17,), ALLOWED),
    (SERVER, "prlimit64", (0, 0), ALLOWED),
    (SERVER, "prlimit64", (1, 0), REFUSED),
    (SERVER, "sched_setaffinity", (0, 8), ALLOWED),
    (SERVER, "sched_setaffinity", (1, 8), REFUSED),
    *((TEST, name, (), REFUSED) for name in seccomp.TESTS_DO_NOT_NEED.split() if name in NUMBERS),
    (TEST, "clone", (CLONE_THREAD_FLAGS,), ALLOWED),
    (TEST, "clone", (17,), REFUSED),
    (TEST, "clone", (0x4111,), REFUSED),
    (TEST, "prctl", (1, 0), REFUSED),
    (TEST, "prctl", (15, 0), ALLOWED),
]


@pytest.mark.parametrize(("program", "call", "arguments", "decision"), TABLE, ids=lambda value: str(value)[:20])
def test_decisions(program: bytes, call: str, arguments: tuple[int, ...], decision: str) -> None:
    """Each filter decides as the table says."""
    assert decide(program, call, *arguments) == decision


@given(st.integers(0, 600), st.lists(st.integers(0, 2**64 - 1), max_size=6))
def test_what_no_rule_names_is_allowed(number: int, arguments: list[int]) -> None:
    """Reading, writing, memory, threads and time stay as they are, whatever the arguments."""
    if number not in NUMBERS.values():
        assert decide(SERVER, number, *arguments) == ALLOWED
        assert decide(TEST, number, *arguments) == ALLOWED


@pytest.mark.parametrize("program", [SERVER, TEST], ids=["server", "test"])
def test_other_tables_of_calls_are_deadly(program: bytes) -> None:
    """A call by the numbers of another machine type ends the process: its numbers mean other calls."""
    assert decide(program, 1, arch=0x40000003) == "killed"
    assert decide(program, 0x40000000 | 41) == "killed"
