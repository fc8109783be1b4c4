"""Laws of the queue's timers: each key comes up at its time, and there are never many more timers than keys."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from processes.instant_loop import InstantLoop
from ssd_operator.serve.queue import LONGEST_BACKOFF_S, SHORTEST_BACKOFF_S, WorkQueue

KEYS = ("a", "b")
FEW = 104
"""asyncio throws cancelled timers away when they are most of more than a hundred; a few are the test's own."""
FAILS = -1.0
"""Stands for the answer of a pass that fails."""
Pass = tuple[float, str]


class Refused(Exception):
    """What a pass fails with when the test wants it."""


@dataclass
class Expected:
    """What a queue owes: for each key the time of its next pass, kept in the plainest way."""

    now: float = 0.0
    answers: dict[str, float | None] = field(default_factory=dict)
    """What a pass answers."""
    due: dict[str, float] = field(default_factory=dict)
    failures: Counter[str] = field(default_factory=Counter)
    passes: list[Pass] = field(default_factory=list)

    def add(self, key: str) -> None:
        """Something happened to a key: a pass, unless it waits after a failure."""
        if not (self.failures[key] and key in self.due):
            self.work(key)

    def add_after(self, key: str, seconds: float) -> None:
        """A key is to come up after a while: the earlier time counts."""
        self.due[key] = min(self.due.get(key, float("inf")), self.now + seconds)

    def pass_time(self, seconds: float) -> None:
        """Time passes, and each key comes up in its turn."""
        end = self.now + seconds
        while self.due and min(self.due.values()) <= end:
            key = min(self.due, key=lambda each: self.due[each])
            self.now = self.due[key]
            self.work(key)
        self.now = end

    def work(self, key: str) -> None:
        """One pass, which takes no time."""
        self.due.pop(key, None)
        self.passes.append((round(self.now, 6), key))
        answer = self.answers.get(key)
        if answer == FAILS:
            wait = min(SHORTEST_BACKOFF_S * 2 ** self.failures[key], LONGEST_BACKOFF_S)
            self.failures[key] += 1
            self.due[key] = self.now + wait
            return
        self.failures[key] = 0
        if answer is not None:
            self.due[key] = self.now + answer


class Driven:
    """The real queue in a loop that does not wait."""

    def __init__(self, expected: Expected) -> None:
        self.passes: list[Pass] = []
        self._expected = expected
        self.queue = WorkQueue[str](self._work, concurrency=2, jitter=lambda: 0.5)

    async def _work(self, key: str) -> float | None:
        self.passes.append((round(asyncio.get_running_loop().time(), 6), key))
        answer = self._expected.answers.get(key)
        if answer == FAILS:
            raise Refused
        return answer

    async def rest(self) -> None:
        """Let all that is due now be done."""
        for _ in range(6):
            await asyncio.sleep(0)
        assert not self.queue


key = st.sampled_from(KEYS)
seconds = st.sampled_from((0.25, 5.0, 60.0, 4000.0))
OPERATIONS = st.one_of(
    st.tuples(st.just("answer"), key, st.sampled_from((None, FAILS, 5.0, 60.0, 4000.0))),
    st.tuples(st.just("add"), key, st.integers(1, 8)),
    st.tuples(st.just("add_after"), key, seconds),
    st.tuples(st.just("pass_time"), key, seconds),
)


@settings(max_examples=60)
@given(operations=st.lists(OPERATIONS, min_size=20, max_size=60))
def test_every_key_comes_up_at_its_time(operations: list[tuple[str, str, float | None]]) -> None:
    """After any sequence of events, answers and failures no wake-up is lost or early, and few timers are kept."""

    async def play() -> None:
        expected = Expected()
        driven = Driven(expected)
        task = asyncio.create_task(driven.queue.run())
        await driven.rest()
        for what, key, value in operations:
            await step(expected, driven, what, key, value)
            assert sorted(driven.passes) == sorted(expected.passes)
            assert this_loop().waiting == len(expected.due)
            assert this_loop().timers <= 2 * len(expected.due) + FEW
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    with asyncio.Runner(loop_factory=InstantLoop) as runner:
        runner.run(play())


def this_loop() -> InstantLoop:
    """Return the loop that runs."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, InstantLoop)
    return loop


async def step(expected: Expected, driven: Driven, what: str, key: str, value: float | None) -> None:
    """Do one operation to the queue and to what is expected of it."""
    if what == "answer":
        expected.answers[key] = value
        return
    assert value is not None
    if what == "add":
        for _ in range(int(value)):
            expected.add(key)
            driven.queue.add(key)
            await driven.rest()
    elif what == "add_after":
        expected.add_after(key, value)
        driven.queue.add_after(key, value)
    else:
        expected.pass_time(value)
        await asyncio.sleep(value)
    await driven.rest()


def test_a_thousand_looks_at_what_waits_for_a_week_keep_one_timer() -> None:
    """A resource that is deleted in a week is looked at by every resync: that leaves nothing behind."""
    expected = Expected(answers={"a": 604_800.0})

    async def play() -> int:
        driven = Driven(expected)
        task = asyncio.create_task(driven.queue.run())
        for _ in range(1000):
            driven.queue.add("a")
            await driven.rest()
        assert len(driven.passes) == 1000
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return this_loop().timers

    with asyncio.Runner(loop_factory=InstantLoop) as runner:
        assert runner.run(play()) <= 2 + FEW
