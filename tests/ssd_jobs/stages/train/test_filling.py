"""A loaded model has exactly the weights that transformers loads, on any number of ranks."""

from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from processes.ranks import on_ranks
from ssd_jobs import contract
from ssd_jobs.models import loading
from ssd_jobs.models.weight_reader import WeightReader, tensor_rows
from ssd_jobs.stages.train import lora, model, ranks
from ssd_jobs.stages.train.ranks import Ranks
from workspaces import training

Arrays = dict[str, np.ndarray[Any, Any]]
ADAPTERS = contract.Lora(rank=3, alpha=12.0, targets=("q_proj", "o_proj"))


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return a model of each family, its weights in bfloat16 over several files, and one with packed experts."""
    root = tmp_path_factory.mktemp("families")
    for family in training.FAMILIES:
        training.write_model(root / family, family=family)
        AutoModelForCausalLM.from_pretrained(root / family, dtype=torch.bfloat16).save_pretrained(
            root / f"{family}-shards", max_shard_size="8KB"
        )
    packed = training.write_packed(root / "packed")
    return {family: root / f"{family}-shards" for family in training.FAMILIES} | {"packed": packed}


@pytest.mark.parametrize("world", [1, 3])
def test_weights_are_transformers_own(bases: dict[str, Path], world: int) -> None:
    """Bit for bit, with experts in a tensor each or in one, tied or not, though three ranks cut nothing evenly."""
    expected = {path: _arrays(loading.load(path, dtype=torch.float32)) for path in bases.values()}
    for found in on_ranks(world, _loaded, list(expected)):
        for path, weights in found:
            assert weights.keys() == expected[path].keys(), path
            assert all(np.array_equal(weights[name], expected[path][name]) for name in weights), path


def _loaded(place: Ranks, paths: list[Path]) -> list[tuple[Path, Arrays]]:
    """Return the whole weights of models as a rank sees them, with adapters and without."""
    both = [training.model_settings("Float32", lora=adapters) for adapters in (None, ADAPTERS)]
    return [(path, _arrays(model.load(path, settings, place).causal_lm)) for path in paths for settings in both]


def _arrays(causal_lm: Any) -> Arrays:
    """Return weights and buffers under the names of the plain model, without adapters."""
    tensors = {name: ranks.whole(weight.detach()) for name, weight in causal_lm.named_parameters()}
    plain = {lora.source_name(name): each for name, each in tensors.items() if not lora.is_adapter(name)}
    plain |= dict(causal_lm.named_buffers())
    return {name: each.float().numpy() for name, each in plain.items()}


@pytest.mark.parametrize("dtype", ["Float32", "Float64"])
def test_buffers_are_transformers_own(bases: dict[str, Path], dtype: Literal["Float32", "Float64"]) -> None:
    """Rotary frequencies are in no file: they are the same bits in the same type, whatever is computed in."""
    for path in bases.values():
        with ranks.alone(gpus=0) as place:
            found = dict(model.load(path, training.model_settings(dtype), place).causal_lm.named_buffers())
        expected = dict(loading.load(path, dtype=model.DTYPES[dtype]).named_buffers())
        assert found.keys() == expected.keys()
        assert all(found[name].dtype == expected[name].dtype for name in expected)
        assert all(torch.equal(found[name], expected[name]) for name in expected)


@pytest.mark.parametrize("same", [True, False])
def test_tied_weights_that_the_files_hold_twice(bases: dict[str, Path], tmp_path: Path, same: bool) -> None:
    """The same values are one weight; of different ones both are kept, as transformers does."""
    path = training.copy_model(training.write_model(tmp_path / "base"), tmp_path / "model")
    weights = load_file(path / "model.safetensors")
    embedding = weights["model.embed_tokens.weight"]
    weights["lm_head.weight"] = embedding.clone() if same else embedding + 1
    save_file(weights, path / "model.safetensors", metadata={"format": "pt"})
    with ranks.alone(gpus=0) as place:
        found = _arrays(model.load(path, training.model_settings("Float32"), place).causal_lm)
    expected = _arrays(loading.load(path, dtype=torch.float32))
    assert ("lm_head.weight" in found) is not same
    assert found.keys() == expected.keys()
    assert all(np.array_equal(found[name], expected[name]) for name in expected)


@pytest.mark.parametrize(
    ("family", "name"),
    [
        ("qwen3", "self_attn.q_proj.weight"),
        ("qwen3-moe", "mlp.experts.gate_up_proj"),
        ("gpt-oss", "mlp.experts.down_proj"),
        ("packed", "mlp.experts.down_proj"),
    ],
)
def test_rows_are_read_without_the_others(
    bases: dict[str, Path], monkeypatch: pytest.MonkeyPatch, family: str, name: str
) -> None:
    """Of experts that have a tensor each, those asked for; of one tensor, its rows; of packed ones, their codes."""
    read: list[int] = []

    def recording(file: Any, tensor: str, rows: slice) -> torch.Tensor:
        found = tensor_rows(file, tensor, rows)
        read.append(found.numel())
        return found

    monkeypatch.setattr("ssd_jobs.models.weight_reader.tensor_rows", recording)
    reader = WeightReader(bases[family], trust_remote_code=False)
    whole = reader.read(f"model.layers.1.{name}")
    total = sum(read)
    for rows in (slice(0, 1), slice(1, 3), slice(3, 4)):
        read.clear()
        assert torch.equal(reader.read(f"model.layers.1.{name}", rows), whole[rows])
        assert sum(read) * len(whole) == total * len(whole[rows])
