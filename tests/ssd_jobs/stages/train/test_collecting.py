"""Python looks for garbage between two steps, and only there."""

import gc
import weakref

import pytest

from ssd_jobs.stages.train import collecting


class Loop:
    """Garbage that only a search finds."""

    def __init__(self) -> None:
        self.itself = self


def test_garbage_waits_for_the_end_of_a_step() -> None:
    """However much is made in a step, nothing is looked for; after one of many it is found."""
    with collecting.only_between_steps():
        found = weakref.ref(Loop())
        made: list[list[int]] = [[] for _ in range(10 * gc.get_threshold()[0])]
        assert len(made) > gc.get_threshold()[0]
        collecting.after_step(collecting.EVERY_STEPS - 1)
        assert found() is not None
        collecting.after_step(collecting.EVERY_STEPS)
        assert found() is None


def test_after_a_training_all_is_as_before() -> None:
    """Also after one that fails."""
    with pytest.raises(ZeroDivisionError), collecting.only_between_steps():
        _ = 1 / gc.isenabled()
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0
