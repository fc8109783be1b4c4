"""A rank alone keeps its weights cast from pack to pack, and nothing that it computes shows it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.distributed.tensor import DTensor

from processes.ranks import on_ranks
from ssd_jobs.stages.train import batch, layout, model, nll
from ssd_jobs.stages.train.layout import Pack
from ssd_jobs.stages.train.ranks import Ranks, whole
from workspaces import training

LENGTHS = (9, 5, 13)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return training.write_model(tmp_path_factory.mktemp("gathering") / "qwen3")


def _documents() -> list[nll.Document]:
    random = np.random.default_rng(0)
    return [(random.integers(3, training.VOCABULARY, length).astype(np.int32), 2) for length in LENGTHS]


def _packs() -> list[Pack]:
    """Return one pack for every document."""
    cpu = torch.device("cpu")
    return [layout.arrange([tokens], [prompt], [0.1], device=cpu) for tokens, prompt in _documents()]


def _load(directory: Path, ranks: Ranks) -> model.Trainee:
    return model.load(directory, training.model_settings("BFloat16", activation_checkpointing="Full"), ranks)


def _gradients(trainee: model.Trainee) -> dict[str, torch.Tensor]:
    batch.backward(trainee, _packs())
    found = {
        name: whole(weight.grad).clone() for name, weight in trainee.named_weights().items() if weight.grad is not None
    }
    trainee.zero_grad(set_to_none=True)
    return found


def _kept_and_not(ranks: Ranks, directory: Path) -> tuple[Any, Any]:
    """Return the gradients of two steps with weights kept, and the same without."""
    trainee = _load(directory, ranks)
    kept = [_gradients(trainee), _gradients(trainee)]
    trainee.shards(keep=False)
    return kept, [_gradients(trainee)] * 2


def test_what_is_kept_changes_no_bit(directory: Path) -> None:
    """Gradients of several packs are added in the same order and precision, in the first step and in the next."""
    ((kept, cast),) = on_ranks(1, _kept_and_not, directory)
    for one, other in zip(kept, cast, strict=True):
        assert one.keys() == other.keys()
        assert all(torch.equal(one[name], other[name]) for name in one)


def _scores(ranks: Ranks, directory: Path) -> tuple[Any, Any, bool]:
    """Change the weights of a model that has scored documents and of one that has not, and score with both."""
    scores, sharded = [], []
    for seen in (True, False):
        trainee = _load(directory, ranks)
        weights = list(trainee.named_weights().values())
        if seen:
            nll.nll(trainee, _documents(), ranks, budget=16)
        sharded += [isinstance(weight, DTensor) for weight in trainee.named_weights().values()]
        with torch.no_grad():
            for weight in weights:
                weight.mul_(0.5)
        scores.append(nll.nll(trainee, _documents(), ranks, budget=16))
    return scores[0], scores[1], all(sharded)


def test_a_score_does_not_outlive_its_weights(directory: Path) -> None:
    """What a model names its weights is what training changes, also after a score, and the next score is of those."""
    ((after_a_score, afresh, sharded),) = on_ranks(1, _scores, directory)
    np.testing.assert_array_equal(after_a_score, afresh)
    assert sharded
