"""What a machine hands out is never more than it has."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssd_operator.errors import InvalidInput
from ssd_operator.local.machine import Machine

requests = st.lists(st.tuples(st.integers(1, 4), st.integers(0, 2)), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None)
@given(cores=st.integers(1, 4), wanted=requests)
def test_slots_and_gpus_are_never_given_twice(cores: int, wanted: list[tuple[int, int]]) -> None:
    """No GPU ever has two owners, no more threads run on the CPU than there are cores, and all get their turn."""
    gpus = 8
    machine = Machine(cores=cores, gpus=range(gpus))
    busy: list[int] = []
    slots = 0
    served = 0

    async def work(processes: int, each: int) -> None:
        nonlocal slots, served
        async with machine.share(processes=processes, gpus=each, siblings=processes) as shares:
            owned = [gpu for share in shares for gpu in share.gpus]
            assert len(owned) == processes * each
            assert not set(owned) & set(busy)
            busy.extend(owned)
            threads = 0 if each else min(sum(share.threads for share in shares), cores)
            slots += threads
            assert slots <= cores
            await asyncio.sleep(0)
            slots -= threads
            for gpu in owned:
                busy.remove(gpu)
            served += 1

    async def everybody() -> None:
        await asyncio.gather(*(work(*request) for request in wanted))

    asyncio.run(everybody())
    assert served == len(wanted)


def test_what_a_machine_can_never_give_is_said_at_once() -> None:
    """A stage that needs more GPUs than there are is refused before anything starts."""
    with pytest.raises(InvalidInput, match="train: asks for 16 GPUs, this machine has 1"):
        Machine(cores=2, gpus=[0]).require(stage="train", processes=2, gpus=8)


def test_a_share_tells_libraries_what_they_may_use() -> None:
    """A process learns its GPUs and its number of threads from the environment."""

    async def take() -> list[dict[str, str]]:
        machine = Machine(cores=8, gpus=range(4))
        async with machine.share(processes=2, gpus=2, siblings=2) as shares:
            return [share.environment() for share in shares]

    assert asyncio.run(take()) == [
        {
            "OMP_NUM_THREADS": "4",
            "OMP_WAIT_POLICY": "PASSIVE",
            "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
            "CUDA_VISIBLE_DEVICES": "0,1",
        },
        {
            "OMP_NUM_THREADS": "4",
            "OMP_WAIT_POLICY": "PASSIVE",
            "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
            "CUDA_VISIBLE_DEVICES": "2,3",
        },
    ]
