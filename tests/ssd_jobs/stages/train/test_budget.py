"""How much is packed into a pass decides memory and speed, and nothing else; what does not fit is said at once."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file

from configs.train import train_config
from ssd_jobs.context import Context
from ssd_jobs.contract import files
from ssd_jobs.errors import BadInput, Temporary
from ssd_jobs.models import environment
from ssd_jobs.progress.recorder import Progress
from ssd_jobs.stages.train import batch, loop
from ssd_jobs.stages.train import stage as train
from ssd_jobs.stages.train.budget import PackBudget
from ssd_jobs.stages.train.layout import Pack
from ssd_jobs.stages.train.model import Trainee
from workspaces import training


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return training.workspace(tmp_path_factory.mktemp("budget"))


def run(root: Path, name: str, **fields: Any) -> dict[str, torch.Tensor]:
    """Train and return the exported weights."""
    config = train_config(root, output=f"checkpoints/{name}", **fields)
    train.run(config, Context(root, 0, Progress()))
    return load_file(root / config.output / files.EXPORT / "model.safetensors")


def with_room_for(tokens: int, monkeypatch: pytest.MonkeyPatch, *, after: int = 0) -> list[int]:
    """Give the machine memory for passes of so many tokens, from the call after some on; return what was asked."""
    asked: list[int] = []
    backward = batch.backward

    def limited(trainee: Trainee, mine: Sequence[Pack]) -> torch.Tensor:
        asked.append(max(pack.inputs.shape[1] for pack in mine))
        if asked[-1] > tokens and len(asked) > after:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return backward(trainee, mine)

    monkeypatch.setattr(batch, "backward", limited)
    return asked


def test_the_largest_pack_comes_first_and_leaves_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before step 1 the largest pass of the run is made, and the training is the same to the bit without it."""
    asked = with_room_for(10**9, monkeypatch)
    rehearsed = run(root, "rehearsed")
    assert asked[0] == max(asked)
    assert len(asked) == 1 + 4
    monkeypatch.setattr(loop.Trainer, "_rehearse", lambda *_: None)
    plain = run(root, "plain")
    assert all(torch.equal(rehearsed[name], plain[name]) for name in plain)


def test_the_budget_changes_no_result(root: Path) -> None:
    """Passes of one document or of many: the weights agree up to rounding."""
    small, large = (run(root, f"of-{tokens}", pack_tokens=tokens, compute_dtype="Float64") for tokens in (1, 100_000))
    assert all(torch.allclose(small[name].double(), large[name].double(), atol=1e-5) for name in small)


def test_what_does_not_fit_is_one_sentence_before_the_first_step(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the field, the pack and the next smaller budget; nothing was trained."""
    asked = with_room_for(10, monkeypatch)
    with pytest.raises(
        BadInput, match=r"^training.packTokens: a pack of \d+ tokens does not fit .* set training.packTokens to \d+ or"
    ):
        run(root, "too-large", pack_tokens=200)
    assert len(asked) == 1


def test_memory_that_runs_out_later_halves_the_next_attempt(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The attempt is not counted, and the next one, which packs less, comes to the end."""
    with monkeypatch.context() as patch:
        with_room_for(1, patch, after=2)
        with pytest.raises(Temporary, match="packs of 200 tokens; the next attempt packs at most 100"):
            run(root, "halved", pack_tokens=200)
    asked = with_room_for(100, monkeypatch)
    run(root, "halved", pack_tokens=200)
    assert max(asked) <= 100
    manifest = json.loads((root / "checkpoints/halved" / files.MANIFEST).read_text())
    assert manifest["facts"]["pack_tokens"] == 100
    assert not [name for name in manifest["files"] if "pack" in name]


@settings(max_examples=50, deadline=None)
@given(asked=st.integers(0, 10_000), longest=st.integers(1, 5_000), more=st.integers(0, 100_000))
def test_attempts_end_at_the_longest_document(
    asked: int, longest: int, more: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Each has room for every document, the next one packs less, and the last says what to change."""
    directory = tmp_path_factory.mktemp("attempts")
    before = None
    for _ in range(20):
        budget = PackBudget.of(asked=asked, longest=longest, sequence_length=longest + more, directory=directory)
        assert budget.tokens >= longest
        assert before is None or budget.tokens < before
        before = budget.tokens
        error = budget.ran_out()
        if isinstance(error, BadInput):
            assert budget.tokens == longest
            return
    pytest.fail("no end")


@pytest.mark.parametrize(("gpus", "expandable"), [(1, True), (0, False)])
def test_memory_of_a_gpu_is_given_in_segments_that_grow(gpus: int, expandable: bool, tmp_path: Path) -> None:
    """Packs of different lengths leave no holes; the user's own word stands."""
    variables: dict[str, str] = {}
    environment.configure(train_config(tmp_path, gpus_per_node=gpus), variables)
    assert (variables.get("PYTORCH_ALLOC_CONF") == "expandable_segments:True") == expandable
    own = {"PYTORCH_ALLOC_CONF": "max_split_size_mb:64"}
    environment.configure(train_config(tmp_path, gpus_per_node=gpus), own)
    assert own["PYTORCH_ALLOC_CONF"] == "max_split_size_mb:64"
