"""A model is loaded as its files and its config have it, whole, by every stage alike, or it is refused by name."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from configs.analyze import analyze_config
from configs.parts import TRANSFORMERS
from ssd_jobs.engine.transformers_engine import TransformersEngine
from ssd_jobs.errors import BadInput
from ssd_jobs.models import loading
from ssd_jobs.stages.analyze import distributions
from ssd_jobs.stages.train import model, ranks
from workspaces import training

Door = Callable[[Path], object]
Weights = dict[str, torch.Tensor]


def _train(path: Path) -> object:
    with ranks.alone(gpus=0) as place:
        return model.load(path, training.model_settings("Float32"), place)


def _analyze(path: Path) -> object:
    science = analyze_config(path, problems=1, temperatures=(1.0,)).science
    return list(distributions.measured(path, [], science, gpus=0, targets=None))


DOORS: dict[str, Door] = {
    "prepare": lambda path: loading.without_memory(path, trust_remote_code=False),
    "sample and generate": lambda path: TransformersEngine(path, TRANSFORMERS, gpus=0, max_sequence_tokens=64),
    "train": _train,
    "analyze": _analyze,
}
NORM = "model.layers.1.input_layernorm.weight"
EXPERT = "model.layers.0.mlp.experts.2.down_proj.weight"
DIFFERENCES: dict[str, tuple[str, Callable[[Weights], Any], str]] = {
    "missing": ("qwen3", lambda weights: weights.pop(NORM), f"the model needs weights that its files lack: {NORM};"),
    "cut": (
        "llama",
        lambda weights: weights.update({NORM: weights[NORM][:-1].clone()}),
        f"weights have another shape in the files than in config.json: {NORM} (31 instead of 32);",
    ),
    "too much": (
        "llama",
        lambda weights: weights.update({f"extra.{number}": torch.zeros(1) for number in range(5)}),
        "the files hold weights that the model of config.json has no place for: extra.0, extra.1, extra.2 and 2 more;",
    ),
    "an expert is missing": (
        "qwen3-moe",
        lambda weights: weights.pop(EXPERT),
        "model.layers.0.mlp.experts.down_proj (3x32x16 instead of 4x32x16);",
    ),
    "half an expert is missing": (
        "qwen3-moe",
        lambda weights: weights.pop(EXPERT.replace("down", "up")),
        "the weights of some experts are missing or of another shape than the others'; get all files",
    ),
    "all experts are missing": (
        "gpt-oss",
        lambda weights: weights.pop("model.layers.0.mlp.experts.down_proj"),
        "the model needs weights that its files lack: model.layers.0.mlp.experts.down_proj;",
    ),
}


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return a tiny random model of each family."""
    root = tmp_path_factory.mktemp("families")
    return {family: training.write_model(root / family, family=family) for family in training.FAMILIES}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("difference", DIFFERENCES)
def test_weights_that_are_not_the_configs_are_named(
    bases: dict[str, Path], tmp_path: Path, difference: str, door: str
) -> None:
    """The same sentence in every stage, and in prepare, which reads nothing but the headers of the files."""
    family, change, words = DIFFERENCES[difference]
    path = training.copy_model(bases[family], tmp_path / "model")
    weights = load_file(path / "model.safetensors")
    change(weights)
    save_file(weights, path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(BadInput, match=re.escape(words)) as caught:
        DOORS[door](path)
    assert str(caught.value).startswith(f"{path}: ")


@pytest.mark.parametrize("family", training.FAMILIES)
def test_a_whole_model_needs_no_memory_to_be_known(bases: dict[str, Path], family: str) -> None:
    """Its parameters are those of the loaded model, and none of them has data."""
    known = loading.without_memory(bases[family], trust_remote_code=False)
    loaded = loading.load(bases[family], dtype=torch.float32)
    shapes = {name: weight.shape for name, weight in known.named_parameters()}
    assert shapes == {name: weight.shape for name, weight in loaded.named_parameters()}
    assert {weight.device.type for weight in known.parameters()} == {"meta"}


def test_packed_experts_are_unpacked(tmp_path: Path) -> None:
    """The four-bit experts of gpt-oss are ordinary weights in every stage, and the trainer trains them."""
    path = training.write_packed(tmp_path / "model")
    with ranks.alone(gpus=0) as place:
        trainee = model.load(path, training.model_settings("Float32"), place)
    for found in (trainee.causal_lm, loading.load(path), loading.without_memory(path, trust_remote_code=False)):
        experts = {name: tuple(weight.shape) for name, weight in found.named_parameters() if "experts.down" in name}
        assert experts["model.layers.0.mlp.experts.down_proj"] == (4, 64, 64)
    assert "model.layers.0.mlp.experts.down_proj" in trainee.trained_weights()
