"""Laws of events: whatever happened, the API server takes what is said of it."""

import asyncio
import re
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cluster.world import World
from controlplane.kubectl import Kubectl
from ssd_operator.cluster import Run, run_key
from ssd_operator.cluster.events import Recorder
from ssd_operator.cluster.resources import read
from ssd_operator.lifecycle import Event, reasons
from ssd_operator.spec.status import Status

MOST_BYTES = 1024
"""Of a note, as the API server counts it."""
RUN = Run(
    key=run_key("lab", "toy"), uid="u", version=1, generation=1, deleting=False, suspended=False, planning=False,
    sweep_uid="",
    status=Status(), document={},
)  # fmt: skip


class Kept:
    """An API server that keeps what it is sent."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []

    async def create(self, body: dict[str, Any]) -> dict[str, Any]:
        """Take an object."""
        self.bodies.append(body)
        return body


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=3000))
def test_a_note_is_never_too_long(note: str) -> None:
    """It is cut by bytes, between two characters, and what fits is said whole."""
    kept: Any = Kept()
    recorder = Recorder(kept, identity="operator-0", clock=lambda: datetime(2026, 1, 1, tzinfo=UTC))
    asyncio.run(recorder.record(RUN, [Event(reasons.STAGE_GAVE_UP, note)]))
    [said] = [body["message"] for body in kept.bodies]
    assert len(said.encode()) <= MOST_BYTES
    assert note.startswith(said)
    assert said == note or len(said.encode()) > MOST_BYTES - 32


async def test_describe_shows_what_happened_in_its_order(world: World, kubectl: Kubectl) -> None:
    """kubectl sorts by the last time; a repeat is counted in its place and moves to the end."""
    run = read(await world.apply())
    assert isinstance(run, Run)
    moments = (datetime(2026, 1, 1, second=number, tzinfo=UTC) for number in range(60))
    recorder = Recorder(world.api, identity="operator-0", clock=lambda: next(moments))
    stages = [Event(reasons.STAGE_SUCCEEDED, f"stage-{number}") for number in range(20)]
    await recorder.record(run, [*stages, stages[3]])
    shown = kubectl("describe", "sd", "toy").partition("Events:")[2]
    order = [*range(3), *range(4, 20), 3]
    assert re.findall(r"stage-\d+", shown) == [f"stage-{number}" for number in order]
    assert "(x2 over" in shown
