"""Laws of the work queue: nothing is lost, nothing is done twice at once, failures come back later and later."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from processes.instant_loop import InstantLoop
from ssd_operator.serve.queue import LONGEST_BACKOFF_S, NEWS_S, WorkQueue

Work = Callable[[str], Awaitable[float | None]]


@asynccontextmanager
async def running(work: Work, *, concurrency: int = 4, asked: float = 0.0) -> AsyncIterator[WorkQueue[str]]:
    queue: WorkQueue[str] = WorkQueue(
        work, concurrency=concurrency, failed=lambda _key, _error: asked, jitter=lambda: 0.5
    )
    task = asyncio.create_task(queue.run())
    yield queue
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def until(reached: Callable[[], bool]) -> None:
    """Let everything else run until it is so."""
    for _ in range(1_000_000):
        if reached():
            return
        await asyncio.sleep(0)
    raise AssertionError("never reached")


async def settled() -> None:
    """Let everything go on that can."""
    for _ in range(100):
        await asyncio.sleep(0)


async def test_a_burst_is_one_pass() -> None:
    """A thousand events for one key before its turn are one pass; one that comes during a pass is one more."""
    passes: Counter[str] = Counter()
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def work(key: str) -> None:
        passes[key] += 1
        begun.set()
        await go_on.wait()

    async with running(work) as queue:
        for _ in range(1000):
            queue.add("a")
        await begun.wait()
        for _ in range(1000):
            queue.add("a")
        assert passes["a"] == 1
        go_on.set()
        await settled()
        assert passes["a"] == 2


async def test_a_key_is_in_one_hand_and_hands_are_limited() -> None:
    """No key is worked on twice at once, and no more keys at once than allowed."""
    busy: Counter[str] = Counter()
    most = 0

    async def work(key: str) -> None:
        nonlocal most
        busy[key] += 1
        assert busy[key] == 1
        most = max(most, busy.total())
        for _ in range(5):
            await asyncio.sleep(0)
        busy[key] -= 1

    async with running(work, concurrency=3) as queue:
        for number in range(200):
            queue.add(f"k{number % 10}")
            await asyncio.sleep(0)
        await until(lambda: not queue and not busy.total())
    assert most == 3


async def test_a_failure_comes_back_and_stops_nobody() -> None:
    """A key whose work fails is tried again; events meanwhile do not make it hurry; others go on."""
    tries: Counter[str] = Counter()
    well = asyncio.Event()

    async def work(key: str) -> None:
        tries[key] += 1
        if key == "bad" and tries[key] < 3:
            raise RuntimeError("no")
        if tries["bad"] == 3 and tries["good"]:
            well.set()

    async with running(work) as queue:
        queue.add("bad")
        queue.add("good")
        await until(lambda: tries["bad"] > 0)
        for _ in range(50):
            queue.add("bad")
            await asyncio.sleep(0)
        assert tries["bad"] == 1
        await asyncio.wait_for(well.wait(), 30)


class Told(WorkQueue[str]):
    """A queue that notes for how long it would wait, and does not wait."""

    waits: list[float]

    def add_after(self, key: str, seconds: float) -> None:
        """Note it."""
        self.waits.append(seconds)
        self.add(key)


async def test_failures_wait_twice_as_long_each_time_up_to_a_minute() -> None:
    """Whatever is wrong is asked less and less; after a success the next failure is tried again soon."""
    tries = 0

    async def work(_key: str) -> None:
        nonlocal tries
        tries += 1
        if tries not in (20, 23):
            raise RuntimeError("away")

    queue = Told(work, concurrency=1, jitter=lambda: 0.5)
    queue.waits = []
    task = asyncio.create_task(queue.run())
    queue.add("a")
    await until(lambda: tries == 20)
    await settled()
    first, *_ = waits = list(queue.waits)
    assert waits == [min(first * 2**count, LONGEST_BACKOFF_S) for count in range(19)]
    queue.add("a")
    await until(lambda: tries == 23)
    await settled()
    assert queue.waits[19:] == waits[:2]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_what_the_server_asks_for_is_kept() -> None:
    """A failure that says how long to wait is not tried sooner."""
    loop = asyncio.get_running_loop()
    at: list[float] = []
    done = asyncio.Event()

    async def work(_key: str) -> None:
        at.append(loop.time())
        if len(at) == 1:
            raise RuntimeError("too many requests")
        done.set()

    async with running(work, asked=1.0) as queue:
        queue.add("a")
        await asyncio.wait_for(done.wait(), 30)
    assert at[1] - at[0] >= 1.0


async def test_work_can_ask_to_come_back_and_events_come_first() -> None:
    """The answer of a pass is when the next is due; an event in between is not kept waiting."""
    passes = 0
    third = asyncio.Event()

    async def work(_key: str) -> float | None:
        nonlocal passes
        passes += 1
        if passes == 3:
            third.set()
        return {1: 0.05, 2: 3600.0}.get(passes)

    async with running(work) as queue:
        queue.add("a")
        await until(lambda: passes == 2)
        queue.add("a")
        await asyncio.wait_for(third.wait(), 30)


async def test_a_job_that_ended_comes_before_news() -> None:
    """Keys of the first lane overtake the others and keep their own order; one that changes the lane is done once."""
    done: list[str] = []
    go_on = asyncio.Event()

    async def work(key: str) -> None:
        await go_on.wait()
        done.append(key)

    async with running(work, concurrency=1) as queue:
        queue.add("first")
        await settled()
        for key in ("news 1", "news 2", "moves up", "news 3"):
            queue.add(key)
        for key in ("ended 1", "moves up", "ended 2", "moves up"):
            queue.add(key, early=True)
        queue.add("ended 1")
        assert len(queue) == 6
        go_on.set()
        await until(lambda: len(queue) == 0)
        await settled()
    assert done == ["first", "ended 1", "moves up", "ended 2", "news 1", "news 2", "news 3"]


async def test_what_ends_during_a_pass_is_looked_at_next() -> None:
    """A key that is worked on keeps its lane for the pass that follows."""
    done: list[str] = []
    go_on = asyncio.Event()

    async def work(key: str) -> None:
        if not done:
            await go_on.wait()
        done.append(key)

    async with running(work, concurrency=1) as queue:
        queue.add("a")
        await settled()
        queue.add("b")
        queue.add("a")
        queue.add("a", early=True)
        go_on.set()
        await until(lambda: len(done) == 3)
    assert done == ["a", "a", "b"]


def test_news_share_a_pass() -> None:
    """All the news of a moment are one pass at its end; a key that is in line anyway, or waits after a failure, keeps
    its turn.
    """
    passes: list[tuple[str, float]] = []

    async def scenario() -> None:
        now = asyncio.get_running_loop().time

        async def work(key: str) -> None:
            passes.append((key, round(now() - began, 3)))
            if key == "broken":
                raise ValueError

        async with running(work) as queue:
            began = now()
            queue.add("broken")
            queue.add("first")
            queue.add_soon("first")
            await asyncio.sleep(0.05)
            for _ in range(10):
                queue.add_soon("news")
                queue.add_soon("broken")
            await asyncio.sleep(NEWS_S + 0.1)
            queue.add_soon("news")
            queue.add("news", early=True)
            await asyncio.sleep(0.1)

    with asyncio.Runner(loop_factory=InstantLoop) as runner:
        runner.run(scenario())
    assert [each for each in passes if each[0] != "broken"] == [
        ("first", 0.0),
        ("news", NEWS_S + 0.05),
        ("news", NEWS_S + 0.15),
    ]
    assert [when for key, when in passes if key == "broken"][:2] == [0.0, 0.2]
