"""No process ever holds a whole model: loading it on four ranks and exporting it take a share, and a weight."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from processes import own_memory
from processes.ranks import on_ranks
from ssd_jobs.stages.train import export, model
from ssd_jobs.stages.train.ranks import Ranks
from workspaces import large_models, training

pytestmark = pytest.mark.endurance

MODEL_MB = 1_880
"""The smaller model in float32."""


@pytest.fixture
def large(tmp_path: Path) -> Iterator[Path]:
    """Return a directory of which nothing stays: pytest keeps the last ones."""
    yield tmp_path
    shutil.rmtree(tmp_path)


@pytest.mark.parametrize("shape", large_models.SHAPES)
def test_a_rank_holds_its_share_and_one_weight(large: Path, shape: str) -> None:
    """Of 2 GB, four ranks have a quarter each, and never half; rank 0, which writes, is none the worse."""
    base = large_models.write(large / "base", shape)
    for loaded, exported in on_ranks(4, _measured, base, large / "export"):
        assert MODEL_MB / 4 < loaded < MODEL_MB / 2
        assert exported < MODEL_MB / 2


def _measured(place: Ranks, base: Path, target: Path) -> tuple[float, float]:
    """Return the peak of this rank's memory, in megabytes, after loading, and after exporting, too."""
    with own_memory.watched() as peak:
        trainee = model.load(base, training.model_settings("Float32"), place)
        loaded = peak.megabytes
        export.write(trainee, base, target, place, adapters=None)
    return loaded, peak.megabytes
