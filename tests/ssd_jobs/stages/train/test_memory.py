"""No process ever holds a whole model: loading it on four ranks and exporting it take a share, and a weight."""

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


@pytest.mark.parametrize("shape", large_models.SHAPES)
def test_a_rank_holds_its_share_and_one_weight(tmp_path: Path, shape: str) -> None:
    """Of 2 GB, four ranks have a quarter each, and never half; rank 0, which writes, is none the worse."""
    base = large_models.write(tmp_path / "base", shape)
    for loaded, exported in on_ranks(4, _measured, base, tmp_path / "export"):
        assert MODEL_MB / 4 < loaded < MODEL_MB / 2
        assert exported < MODEL_MB / 2


def _measured(place: Ranks, base: Path, target: Path) -> tuple[float, float]:
    """Return the peak of this rank's memory, in megabytes, after loading, and after exporting, too."""
    with own_memory.watched() as peak:
        trainee = model.load(base, training.model_settings("Float32"), place)
        loaded = peak.megabytes
        export.write(trainee, base, target, place, adapters=None)
    return loaded, peak.megabytes
