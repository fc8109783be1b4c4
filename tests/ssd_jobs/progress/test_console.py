"""A person sees how far it is: at once on a terminal, now and then in a log."""

import io
import logging

import pytest

from ssd_jobs.progress.console import Console


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Return True."""
        return True


class Clock:
    """A clock that moves when told to."""

    now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def test_a_terminal_has_one_line_that_moves() -> None:
    """Every state replaces the one before; the line ends once."""
    stream, clock = Terminal(), Clock()
    console = Console("train", stream=stream, clock=clock)
    console.show(1, 4, "steps", "loss 0.5")
    console.show(4, 4, "steps", "loss 0.4")
    console.close()
    before, first, last = stream.getvalue().split("\r\x1b[K")
    assert (before, first) == ("", "train [######..................] 1/4 steps, loss 0.5")
    assert last == "train [########################] 4/4 steps, loss 0.4\n"


def test_a_log_has_a_line_every_30_seconds_and_one_at_the_end(caplog: pytest.LogCaptureFixture) -> None:
    """Shown once a second for 100 seconds, a log of 100 steps has four lines."""
    stream, clock = io.StringIO(), Clock()
    console = Console("train", stream=stream, clock=clock)
    with caplog.at_level(logging.INFO):
        for second in range(1, 101):
            clock.now = float(second)
            console.show(second, 100, "steps")
    console.close()
    assert [record.getMessage() for record in caplog.records] == [
        f"train: {second}/100 steps" for second in (30, 60, 90, 100)
    ]
    assert stream.getvalue() == ""


def test_it_is_due_once_a_second() -> None:
    """Steps of a millisecond need not be shown."""
    clock = Clock()
    console = Console("train", stream=io.StringIO(), clock=clock)
    assert console.due
    console.show(1, 9, "steps")
    clock.now = 0.5
    assert not console.due
    clock.now = 1.0
    assert console.due


def test_what_was_never_shown_leaves_no_line() -> None:
    """A rank that shows nothing writes nothing."""
    stream = Terminal()
    Console("train", stream=stream).close()
    assert stream.getvalue() == ""


def test_nothing_to_do_is_done() -> None:
    """An empty shard has a full bar."""
    stream = Terminal()
    Console("sample", stream=stream).show(0, 0, "samples")
    assert "[########################] 0/0" in stream.getvalue()
