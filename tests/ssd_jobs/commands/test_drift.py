"""How far a model is from the root, on texts that the root wrote."""

from pathlib import Path

import numpy as np
import pytest
import torch

from ssd_jobs.commands import drift
from ssd_jobs.contract.cells import DriftConfig, RoundModel
from ssd_jobs.errors import BadInput
from ssd_jobs.models import loading
from ssd_jobs.toy import base_model
from workspaces.sampling import sample_row, write_samples


def config(root: Path, **changes: object) -> DriftConfig:
    """Return the comparison of the toy with itself and with a hotter one."""
    rounds = tuple(RoundModel(name=name, model=f"checkpoints/{name}/model") for name in ("same", "other"))
    whole = DriftConfig(
        workspace=str(root),
        root="models/root",
        rounds=rounds,
        generations="samples/run",
        texts=2,
        trust_remote_code=False,
    )
    return whole.model_copy(update=changes)


def test_a_model_is_no_way_from_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Entropy and divergence are those of whole distributions, 0 for the root's own copy; errors are left out."""
    write_samples(tmp_path, [sample_row("a"), sample_row("b"), sample_row("c", error="lost", completion_token_ids=[])])
    models = {name: loading.load(base_model.directory(), dtype=torch.float32).eval() for name in ("same", "other")}
    with torch.no_grad():
        models["other"].get_output_embeddings().weight.mul_(0.5)
    monkeypatch.setattr(drift, "_load", lambda path, _config: models["other" if "other" in str(path) else "same"])
    found = drift.measure(config(tmp_path))
    root, same, other = found.rows
    assert (found.texts, root.divergence, same.divergence) == (2, 0.0, 0.0)
    assert same.entropy == root.entropy
    prompt, completion = sample_row("a")["prompt_token_ids"], sample_row("a")["completion_token_ids"]
    with torch.no_grad():
        logits = [
            models[name](torch.tensor([[*prompt, *completion]])).logits[0, len(prompt) - 1 : -1] for name in models
        ]
    theirs, ours = (each.log_softmax(-1).numpy() for each in logits)
    assert other.divergence == pytest.approx(float((np.exp(ours) * (ours - theirs)).sum(1).mean()), rel=1e-4)
    assert other.entropy == pytest.approx(float(-(np.exp(ours) * ours).sum(1).mean()), rel=1e-4)


def test_without_a_text_nothing_is_compared(tmp_path: Path) -> None:
    """It is said in a sentence."""
    write_samples(tmp_path, [sample_row("a", error="lost", completion_token_ids=[])])
    with pytest.raises(BadInput, match="samples/run: holds no text; run the first round again"):
        drift.measure(config(tmp_path))
