"""Laws of the time that the end of a Job waits: from the first end that no pass has answered to the pass that did."""

import pytest

from ssd_operator import naming
from ssd_operator.cluster import Key
from ssd_operator.reconcile import AT_ONCE
from ssd_operator.serve.answers import Answers

KEY, OTHER = (Key(naming.KIND, "research", name) for name in ("one", "two"))


class Clock:
    """A clock that stands until it is moved."""

    now = 100.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


class World:
    """Passes that take a second each and end as they are told."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.observed: list[float] = []
        self.answers = Answers(self.observed.append, clock=self.clock)

    async def look(self, answer: float | Exception | None, key: Key = KEY, *, meanwhile: bool = False) -> None:
        """Do a pass that ends so, in which another Job may end."""

        async def work(_key: Key) -> float | None:
            self.clock.now += 1
            if meanwhile:
                self.answers.note_end(key)
            if isinstance(answer, Exception):
                raise answer
            return answer

        await self.answers.measure(key, work)


async def test_a_pass_without_an_end_measures_nothing() -> None:
    world = World()
    world.answers.note_end(OTHER)
    await world.look(None)
    assert world.observed == []


@pytest.mark.parametrize("answer", [None, 2.0])
async def test_the_first_of_several_ends_counts_once(answer: float | None) -> None:
    """Ends that one pass sees are answered by it, whether it looks again later or not."""
    world = World()
    for _ in range(3):
        world.answers.note_end(KEY)
        world.clock.now += 2
    await world.look(answer)
    await world.look(answer)
    assert world.observed == [7.0]


async def test_what_failed_or_is_repeated_has_answered_nothing() -> None:
    """The time runs on over a refused write and a pass that was overtaken."""
    world = World()
    world.answers.note_end(KEY)
    with pytest.raises(OSError, match="refused"):
        await world.look(OSError("refused"))
    await world.look(AT_ONCE)
    assert world.observed == []
    await world.look(None)
    assert world.observed == [3.0]


async def test_what_ends_during_a_pass_waits_for_the_next() -> None:
    world = World()
    world.answers.note_end(KEY)
    await world.look(None, meanwhile=True)
    await world.look(None)
    assert world.observed == [1.0, 1.0]
