"""Laws of the memory that a pod asks for: sums that a person makes on paper, and more for more."""

from hypothesis import given
from hypothesis import strategies as st

from ssd_jobs.contract import ModelSize
from ssd_jobs.contract.host_memory import Work, host_bytes

GIB = 2**30
MOE = ModelSize(parameters=30_532_122_624, bytes=61_064_245_248, layers=48, vocabulary=151_936)
SIZES = st.builds(
    ModelSize, parameters=st.integers(0, 10**12), bytes=st.integers(0, 10**13), layers=st.just(1), vocabulary=st.just(1)
)


def test_thirty_billion_weights_by_hand() -> None:
    """Training on two pods of 8 GPUs: 8 processes and half the copy; an engine on two GPUs reads the files once."""
    assert host_bytes(MOE, "Training", gpus=8, pods=2) == 8 * 4 * GIB + 6 * 30_532_122_624
    assert host_bytes(MOE, "Training", gpus=8, pods=2, adapters=True) == 8 * 4 * GIB
    assert host_bytes(MOE, "Engine", gpus=2) == 2 * 4 * GIB + 61_064_245_248


def test_half_a_billion_weights_on_a_cpu() -> None:
    """What training of that model had at its peak on one machine, 18.6 GB, is within a tenth of the sum."""
    size = ModelSize(parameters=494_032_768, bytes=988_097_824, layers=24, vocabulary=151_936)
    assert abs(host_bytes(size, "Training", gpus=0) - 18.6e9) < 1.9e9


@given(size=SIZES, work=st.sampled_from(["Training", "Engine"]), gpus=st.integers(0, 16), pods=st.integers(1, 64))
def test_a_larger_model_and_more_gpus_never_ask_for_less(size: ModelSize, work: Work, gpus: int, pods: int) -> None:
    """On GPUs and on a CPU alike; over more pods each asks for less, never for none."""
    larger = size.model_copy(update={"parameters": 2 * size.parameters, "bytes": 2 * size.bytes})
    here = host_bytes(size, work, gpus=gpus, pods=pods)
    assert host_bytes(larger, work, gpus=gpus, pods=pods) >= here > 0
    assert host_bytes(size, work, gpus=gpus, pods=2 * pods) <= here
    if gpus:
        assert host_bytes(size, work, gpus=gpus + 1, pods=pods) > here
