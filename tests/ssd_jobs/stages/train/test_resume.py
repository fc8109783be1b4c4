"""An interruption changes nothing: not the weights, not the metrics, on any number of ranks."""

import json
import random
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest
import torch

from configs.train import train_config
from processes.interrupting import Interrupting
from processes.ranks import on_ranks
from ssd_jobs.contract import files
from ssd_jobs.errors import Terminated
from ssd_jobs.stages.train import job
from ssd_jobs.stages.train.checkpoint import COMPLETE
from ssd_jobs.stages.train.ranks import Ranks
from workspaces import training

pytestmark = pytest.mark.endurance

STEPS = 22
SEED = 20260
Weights = dict[str, torch.Tensor]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return training.workspace(tmp_path_factory.mktemp("resume"), steps=STEPS)


def _config(root: Path, output: str) -> Any:
    """Return a recipe with checkpoints that do not fall on the interruptions."""
    return train_config(root, output=output, steps=STEPS, checkpoint_every_steps=4)


def _run(ranks: Ranks, root: Path, output: str, after: int) -> str:
    """Train until asked to stop, or to the end."""
    stop = threading.Event()
    (root / output).mkdir(parents=True, exist_ok=True)
    try:
        job.Training(_config(root, output), ranks).run(Interrupting(stop, after), stop)
    except Terminated as error:
        return str(error)
    return ""


NOTE = "its checkpoint is complete, run again to go on"


@pytest.fixture(scope="module")
def undisturbed(root: Path) -> dict[int, Weights]:
    """The final state of a run that nothing interrupts, on one and on two ranks."""
    return {world: _trained(root, f"checkpoints/plain-{world}", [world], []) for world in (1, 2)}


def _trained(root: Path, output: str, worlds: list[int], interruptions: list[int]) -> Weights:
    """Train on one world size after the other, interrupted in between."""
    for world, after in zip(worlds, [*interruptions, STEPS + 1], strict=True):
        for message in on_ranks(world, _run, root, output, after):
            assert message.endswith(NOTE) if after <= STEPS else message == ""
    final: Weights = on_ranks(1, training.final_state, root, output)[0]
    assert final["step"] == STEPS
    return final


def _rows(root: Path, output: str) -> list[tuple[int, str, float]]:
    """Return the metrics that do not measure time."""
    rows = [json.loads(line) for line in (root / output / files.METRICS).read_text().splitlines()]
    kept = ("train/loss", "train/grad_norm", "train/learning_rate")
    return [(row["step"], row["key"], row["value"]) for row in rows if row["key"] in kept]


@pytest.mark.parametrize("world", [1, 2])
def test_resuming_on_as_many_ranks_is_bit_equal(root: Path, undisturbed: dict[int, Weights], world: int) -> None:
    """Weights and optimizer state equal the undisturbed run's exactly, and every step is recorded exactly once."""
    stops = sorted(random.Random(SEED + world).sample(range(1, STEPS - 1), 2))
    output = f"checkpoints/stopped-{world}"
    final = _trained(root, output, [world] * 3, stops)
    assert final.keys() == undisturbed[world].keys()
    assert all(torch.equal(final[name], undisturbed[world][name]) for name in final), f"stopped after {stops}"
    assert _rows(root, output) == _rows(root, f"checkpoints/plain-{world}")


@pytest.mark.parametrize("worlds", [[1, 2], [2, 1]], ids=["1 to 2", "2 to 1"])
def test_resuming_on_other_ranks_is_close(root: Path, undisturbed: dict[int, Weights], worlds: list[int]) -> None:
    """A checkpoint can be read by another number of ranks, and training goes where it would have gone."""
    after = random.Random(SEED).randrange(1, STEPS - 1)
    final = _trained(root, f"checkpoints/moved-{worlds[0]}", worlds, [after])
    assert training.distance(final, undisturbed[1]) < 1e-5, f"moved at step {after}"


def test_a_damaged_newest_checkpoint_costs_only_its_steps(
    root: Path, undisturbed: dict[int, Weights], caplog: pytest.LogCaptureFixture
) -> None:
    """Training goes back to the checkpoint before, says so, and ends where the undisturbed run ended."""
    output = "checkpoints/damaged"
    shutil.copytree(root / "checkpoints/plain-1", root / output)
    newest = max((root / output / files.CHECKPOINTS).iterdir())
    part = next(newest.glob("__0_*"))
    part.write_bytes(part.read_bytes()[:-1] + b"\0")
    final = _trained(root, output, [1], [])
    assert "damaged" in caplog.text
    assert all(torch.equal(final[name], undisturbed[1][name]) for name in final)
    assert _rows(root, output) == _rows(root, "checkpoints/plain-1")
    assert [path.name for path in sorted((root / output / files.CHECKPOINTS).glob(f"*/{COMPLETE}"))] == [COMPLETE] * 2
