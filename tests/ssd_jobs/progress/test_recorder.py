"""Laws of a stage's progress: what is left is told from how fast the unit moves in this process."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssd_jobs.contract.progress import LEFT
from ssd_jobs.progress.recorder import Progress, read


class Clock:
    """A clock that moves when told to."""

    now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@given(st.integers(0, 900), st.integers(1, 50), st.floats(0.1, 60.0), st.floats(0.0, 10_000.0))
def test_what_is_left_follows_from_this_process_alone(before: int, steps: int, pace: float, waited: float) -> None:
    """However much an earlier attempt did, and however long the unit before took, the rest needs its own pace."""
    clock = Clock()
    progress = Progress(clock=clock)
    progress.update(done=0, total=4, unit="MB hashed")
    clock.now += waited
    for done in range(before, before + steps + 1):
        progress.update(done=done, total=1000, unit="steps")
        assert (LEFT in progress.snapshot()) == (done > before)
        clock.now += pace
    left = float(progress.snapshot()[LEFT])
    assert left == pytest.approx(pace * (1000 - before - steps), rel=1e-3, abs=1e-3)


def test_another_unit_is_written_at_once(tmp_path: Path) -> None:
    """Whoever looks never reads of work that is over, because the next is slow; one unit is written once a second."""
    progress = Progress(clock=Clock())
    progress.attach(tmp_path)
    progress.update(done=4, total=4, unit="MB hashed")
    for done in (1, 2):
        progress.update(done=done, total=3, unit="parts")
    said = read(tmp_path)
    assert said is not None
    assert (said["unit"], said["done"]) == ("parts", 1)


@given(st.integers(0, 10**13), st.integers(0, 10**13))
def test_megabytes_are_whole_only_when_all_is_done(done: int, rest: int) -> None:
    """The bar is full exactly when the last byte is there."""
    progress = Progress()
    progress.megabytes("fetched")(done, done + rest)
    told = progress.snapshot()
    assert told["unit"] == "MB fetched"
    assert (told["done"] == told["total"]) == (rest == 0)
    assert 10**6 * float(told["total"]) >= done + rest
