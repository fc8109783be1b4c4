"""Files that are written tensor by tensor are the ones that the library writes at once."""

from pathlib import Path
from random import Random

import pytest
import torch
from huggingface_hub import save_torch_state_dict
from hypothesis import given
from hypothesis import strategies as st

from ssd_jobs.errors import JobError
from ssd_jobs.models.weight_writer import TYPES, WeightWriter

NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
SHAPES = st.lists(st.integers(1, 9), max_size=3)


@given(
    shapes=st.dictionaries(NAMES, st.tuples(SHAPES, st.sampled_from(list(TYPES))), min_size=1, max_size=9),
    largest=st.sampled_from([64, 400, 10**9]),
    order=st.randoms(),
)
def test_files_are_the_librarys_byte_for_byte(
    tmp_path_factory: pytest.TempPathFactory,
    shapes: dict[str, tuple[list[int], torch.dtype]],
    largest: int,
    order: Random,
) -> None:
    """In whatever order tensors come, and of whatever shape, type and name: weights, their split, and the index."""
    tensors = {name: torch.randn(shape, dtype=dtype) for name, (shape, dtype) in shapes.items()}
    ours, theirs = (tmp_path_factory.mktemp(name) for name in ("ours", "theirs"))
    save_torch_state_dict(dict(tensors), theirs, max_shard_size=largest, metadata={"format": "pt"})
    writer = WeightWriter(ours, tensors, largest=largest)
    for name in order.sample(list(tensors), len(tensors)):
        writer.write(name, tensors[name])
    writer.finish()
    assert {file.name: file.read_bytes() for file in ours.iterdir()} == {
        file.name: file.read_bytes() for file in theirs.iterdir()
    }


def test_a_tensor_that_does_not_come_is_missed(tmp_path: Path) -> None:
    """No export is whole without it."""
    tensors = {name: torch.zeros(2, dtype=torch.bfloat16) for name in "ab"}
    writer = WeightWriter(tmp_path, tensors)
    writer.write("a", tensors["a"])
    with pytest.raises(JobError, match="would lack b"):
        writer.finish()
