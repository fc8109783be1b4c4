"""Laws of the table of model sizes: what docs/installation.md concludes from it."""

import pytest

import model_sizes
from ssd_jobs.contract import memory
from ssd_operator.spec.presets import names

GPUS_OF_TWO_MACHINES = 16
PRESETS = ("Qwen3-4B", "Llama-3.1-8B", "gpt-oss-20b", "Qwen3-30B-A3B")
"""The sizes for which there are presets."""


@pytest.mark.parametrize("name", PRESETS)
def test_the_longest_documents_of_a_preset_need_no_splitting(name: str) -> None:
    """With Full checkpointing a whole document of 65,536 tokens fits on one of 16 GPUs of 80 GB."""
    found = model_sizes.fewest(model_sizes.shape(name), model_sizes.GPUS["80 GB"])
    assert found is not None
    assert found[0] <= GPUS_OF_TWO_MACHINES


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("gpu_bytes", model_sizes.GPUS.values(), ids=model_sizes.GPUS)
def test_fewer_gpus_do_not_do(name: str, gpu_bytes: int) -> None:
    """The number is the smallest power of two: what each GPU needs fits there, and not with half as many."""
    found = model_sizes.fewest(model_sizes.shape(name), gpu_bytes)
    assert found is not None
    count, needs = found
    assert memory.fits(needs.peak, gpu_bytes)
    # A single GPU keeps all weights gathered, too, which this leaves out: with two it may be more.
    assert count == 1 or not memory.fits(needs.peak + needs.states, gpu_bytes)


def test_every_size_has_a_preset() -> None:
    """Each of these sizes is that of a preset's model, by its name, and each preset of the paper has its size here."""
    papers = [name for name in names() if name not in {"machine", "toy"}]
    assert all(any(name.startswith(size) for name in papers) for size in PRESETS)
    assert all(any(name.startswith(size) for size in PRESETS) for name in papers)
