"""Frames and their fields: what is sent arrives, and nothing else is accepted."""

import socket
import threading
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.fake import HELLO, frame_of, outcome, program_of
from sandbox.limits import limits
from ssd_jobs.sandbox import frames, protocol
from ssd_jobs.sandbox.frames import Channel, ProtocolError
from ssd_jobs.sandbox.protocol import Hello, Outcome, Program, Terms


def _through(data: bytes, *kinds: str, body_limit: int = 1000) -> tuple[str, bytes, bytes]:
    """Send raw bytes to a receiver, then hang up."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(data)
        ours.shutdown(socket.SHUT_WR)
        return Channel(theirs).receive(*kinds, body_limit=body_limit)


OUTCOMES = st.builds(
    outcome,
    exit_code=st.integers(0, 255),
    signal=st.integers(0, 64),
    killed=st.sampled_from(["", "cpu", "wall", "threads"]),
    cpu_seconds=st.floats(0, 1e6),
    wall_seconds=st.floats(0, 1e6),
    max_rss_mb=st.floats(0, 1e6),
    stdout=st.binary(max_size=50),
    returned=st.none() | st.binary(max_size=50),
    stderr=st.binary(max_size=50),
    truncated=st.booleans(),
)


@given(OUTCOMES)
def test_an_outcome_survives_the_socket(seen: Outcome) -> None:
    """Whatever a run was, the grader reads the same outcome that the sandbox wrote."""
    _, header, body = _through(frames.encode("outcome", *frame_of(seen)), "outcome")
    assert Outcome.parse(header, body, limits()) == seen


@given(st.text(), st.sampled_from(["Process", "LCB"]), st.floats(0.1, 1000), st.integers(1, 4096))
def test_a_program_survives_the_socket(source: str, mode: protocol.Mode, cpu: float, memory: int) -> None:
    """Source and limits arrive as they were sent, whatever characters they hold."""
    program = Program(source=source, mode=mode, limits=limits(cpu_seconds=cpu, memory_mb=memory))
    frame = frames.encode("program", program.header(), source.encode("utf-8", "surrogatepass"))
    _, header, body = _through(frame, "program")
    assert program_of(header, body) == program


MESSAGES = st.lists(
    st.tuples(st.sampled_from(["test", "end"]), st.binary(max_size=9), st.binary(max_size=99)), max_size=9
)


@given(MESSAGES, st.booleans(), st.data())
def test_frames_arrive_however_they_are_cut(
    messages: list[tuple[str, bytes, bytes]], ahead: bool, data: st.DataObject
) -> None:
    """Messages are read one after another, whatever pieces the socket hands out and whether more is read at once."""
    sent = b"".join(frames.encode(kind, header, body) for kind, header, body in messages)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        channel = Channel(theirs, ahead=ahead)
        cut = data.draw(st.integers(0, len(sent)))
        ours.sendall(sent[:cut])
        rest = threading.Timer(0.001, ours.sendall, [sent[cut:]])
        rest.start()
        assert [channel.receive("test", "end") for _ in messages] == messages
        rest.join()


@given(MESSAGES.filter(len))
def test_what_follows_a_frame_is_left_to_others(messages: list[tuple[str, bytes, bytes]]) -> None:
    """Without reading ahead, the next reader of the same connection finds the next frame whole."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(b"".join(frames.encode(kind, header, body) for kind, header, body in messages))
        assert [Channel(theirs).receive("test", "end") for _ in messages] == messages


@given(st.binary(max_size=300))
def test_noise_is_refused(noise: bytes) -> None:
    """Bytes that are no frame end in ProtocolError or EOFError, never in anything else."""
    with pytest.raises((ProtocolError, EOFError)):
        _through(noise, "outcome")


@given(st.binary(min_size=protocol.OUTCOME.size, max_size=protocol.OUTCOME.size), st.binary(max_size=20))
def test_any_header_is_refused_or_harmless(header: bytes, body: bytes) -> None:
    """Whatever bytes claim to be an outcome are either refused or an outcome within its bounds."""
    try:
        seen = Outcome.parse(header, body, limits())
    except ProtocolError:
        return
    assert 0 <= seen.exit_code <= 255
    assert 0 <= seen.signal <= 64
    assert all(0 <= amount < 1e9 for amount in (seen.cpu_seconds, seen.wall_seconds, seen.max_rss_mb))
    assert seen.stdout + (seen.returned or b"") in body


REFUSED = {
    "header too long": frames.PREFIX.pack(b"o", 1 << 20, 0),
    "body too long": frames.PREFIX.pack(b"o", 0, 2000),
    "another type": frames.PREFIX.pack(b"h", 0, 0),
    "no type": frames.PREFIX.pack(b"?", 0, 0),
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED.keys())
def test_a_frame_out_of_bounds_is_refused(data: bytes) -> None:
    """Type and sizes are checked before anything else is read."""
    with pytest.raises(ProtocolError):
        _through(data, "outcome")


@pytest.mark.parametrize(
    "header", [b"", b"[]", b"{", b"\xff", b"[" * 60_000], ids=["empty", "list", "open", "bytes", "deep"]
)
def test_a_header_that_is_no_object_is_refused(header: bytes) -> None:
    """A JSON header is an object, or it is nothing."""
    with pytest.raises(ProtocolError):
        frames.decode(header)


IMPOSSIBLE = {
    "signal": (0, 65, 0, 0, 0.0, 0.0, 0.0, 0, 0, 0),
    "reason": (0, 0, 9, 0, 0.0, 0.0, 0.0, 0, 0, 0),
    "negative time": (0, 0, 0, 0, -1.0, 0.0, 0.0, 0, 0, 0),
    "no time": (0, 0, 0, 0, float("nan"), 0.0, 0.0, 0, 0, 0),
    "endless time": (0, 0, 0, 0, 0.0, float("inf"), 0.0, 0, 0, 0),
    "sizes": (0, 0, 0, 0, 0.0, 0.0, 0.0, 1, 0, 0),
}


@pytest.mark.parametrize("fields", IMPOSSIBLE.values(), ids=IMPOSSIBLE.keys())
def test_an_impossible_outcome_is_refused(fields: tuple[float, ...]) -> None:
    """No run has such values."""
    with pytest.raises(ProtocolError):
        Outcome.parse(protocol.OUTCOME.pack(*fields), b"", limits())


def test_more_output_than_the_limit_is_refused() -> None:
    """A sandbox cannot make the grader keep more than the limit and the one byte that shows it was passed."""
    bounds = limits(output_mb=1)
    for size, accepted in ((bounds.output_bytes + 1, True), (bounds.output_bytes + 2, False)):
        header, body = frame_of(outcome(stdout=b"x" * size))
        if accepted:
            assert len(Outcome.parse(header, body, bounds).stdout) == size
        else:
            with pytest.raises(ProtocolError):
                Outcome.parse(header, body, bounds)


@pytest.mark.parametrize(
    "wrong", [{"cpu_seconds": 0}, {"memory_mb": -1}, {"output_mb": 1000}, {"wall_seconds": float("nan")}]
)
def test_limits_that_limit_nothing_are_refused(wrong: dict[str, float]) -> None:
    """Limits are positive and finite, and an answer under them fits into a frame."""
    with pytest.raises(ProtocolError):
        limits(**wrong)


def test_the_greeting_names_its_version() -> None:
    """A grader and a sandbox of different versions say so instead of misunderstanding each other."""
    assert Hello.parse(HELLO.header()) == HELLO
    with pytest.raises(ProtocolError, match=f"version {protocol.VERSION + 1}"):
        Hello.parse({**HELLO.header(), "version": protocol.VERSION + 1})


@given(st.binary(max_size=40))
def test_terms_of_noise_are_refused_or_harmless(header: bytes) -> None:
    """Whatever bytes claim to be the terms of a program are refused, or have limits that limit."""
    try:
        terms = Terms.of(header)
    except ProtocolError:
        return
    assert terms.limits.cpu_seconds > 0
    assert terms.limits.memory_mb > 0


def test_no_expected_output_can_be_sent() -> None:
    """A program and a test have no field for what is expected: two ways to grade send the same bytes."""
    program = Program(source="print(1)", limits=limits())
    assert program.header() == Program(source="print(2)", limits=limits()).header()
    assert {field.name for field in fields(Program)} == {"source", "mode", "kind", "entry_point", "limits"}
