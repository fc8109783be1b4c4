"""The operator's clock follows the API server's, whatever this machine's says."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.transports import Passing
from cluster.world import World
from ssd_operator.cluster import Api, ServerClock
from ssd_operator.cluster.transport import TIMEOUT_S

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
MOMENTS = st.integers(-86_400, 86_400).map(lambda seconds: NOON + timedelta(seconds=seconds))


def http(moment: datetime) -> str:
    """Write a moment as a header does."""
    return format_datetime(moment, usegmt=True)


@given(here=MOMENTS, there=MOMENTS)
def test_the_time_is_the_servers(here: datetime, there: datetime) -> None:
    """After an answer the clock is as right as answers are fresh, and it goes on from there."""
    local = [here]
    clock = ServerClock(lambda: local[0])
    clock.hear(http(there))
    assert abs(clock() - there) <= timedelta(seconds=TIMEOUT_S)
    before = clock()
    local[0] += timedelta(minutes=5)
    clock.hear(http(there + timedelta(minutes=5)))
    assert clock() - before == timedelta(minutes=5)


@given(ages=st.lists(st.floats(0, TIMEOUT_S - 1), max_size=20))
def test_late_answers_do_not_move_a_right_clock(ages: list[float]) -> None:
    """An answer that was long on its way, as long as one may be, is no news about the time."""
    clock = ServerClock(lambda: NOON)
    for age in ages:
        clock.hear(http(NOON - timedelta(seconds=age)))
    assert clock() == NOON


@pytest.mark.parametrize("date", [None, "", "yesterday", "Thu, 99 Jan 2026 12:00:00 GMT"])
def test_an_answer_without_a_time_changes_nothing(date: str | None) -> None:
    """A proxy that leaves it out, or writes something else, does no harm."""
    clock = ServerClock(lambda: NOON)
    clock.hear(date)
    assert clock() == NOON


async def test_one_answer_of_the_api_server_puts_a_wrong_clock_right(world: World) -> None:
    """The real API server says its time with every answer, and the first one is enough."""
    for off in (timedelta(hours=1), -timedelta(hours=1)):
        wrong = ServerClock(lambda off=off: datetime.now(tz=UTC) + off)  # type: ignore[misc]
        await Api(Passing(world.api.transport), clock=wrong).find("ConfigMap", world.namespace, "none")
        assert abs(wrong() - datetime.now(tz=UTC)) <= timedelta(seconds=TIMEOUT_S)
