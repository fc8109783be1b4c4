"""Adapters: what they are put beside, what is refused, and an export that is the adapted model."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open

from processes.ranks import on_ranks
from ssd_jobs.contract import Lora
from ssd_jobs.errors import BadInput
from ssd_jobs.stages.train import export, lora, model, nll, ranks
from ssd_jobs.stages.train.ranks import Ranks
from workspaces import training

ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
MLP = ("gate_proj", "up_proj", "down_proj")
ADAPTABLE = [("qwen3", ()), ("llama", ()), ("qwen3-moe", ATTENTION), ("gpt-oss", ATTENTION)]
BUDGET = 256


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return a tiny random model of each family."""
    root = tmp_path_factory.mktemp("families")
    return {family: training.write_model(root / family, family=family) for family in training.FAMILIES}


def _lora(targets: Sequence[str]) -> Lora:
    """Return adapters of a rank that no dimension of the model has."""
    return Lora(rank=3, alpha=12.0, targets=tuple(targets))


def _settings(targets: Sequence[str]) -> model.ModelSettings:
    """Return the settings of a model with adapters."""
    return training.model_settings("Float64", lora=_lora(targets), seed=5)


def _adapted(base: Path, targets: Sequence[str], place: Ranks) -> model.Trainee:
    """Load a model whose adapters say something."""
    trainee = model.load(base, _settings(targets), place)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in trainee.trained_weights().values():
            weight.copy_(torch.randn(weight.shape, generator=generator, dtype=torch.float64) * 0.3)
    return trainee


def _nll(trainee: model.Trainee, place: Ranks) -> np.ndarray:
    """Return the NLL of some documents."""
    random = np.random.default_rng(0)
    documents = [(random.integers(3, training.VOCABULARY, 20, dtype=np.int32), 4) for _ in range(6)]
    return nll.nll(trainee, documents, place, budget=BUDGET)


def _shapes(directory: Path) -> dict[str, list[int]]:
    """Return the tensors of a model's files."""
    with safe_open(directory / "model.safetensors", "pt") as file:
        return {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118


@pytest.mark.parametrize(("family", "targets"), ADAPTABLE)
def test_merged_weights_are_the_adapted_model(bases: dict[str, Path], family: str, targets: Sequence[str]) -> None:
    """Every weight of the base is there under its name, and the plain model with them computes the same."""
    with ranks.alone(gpus=0) as place:
        adapted = _adapted(bases[family], targets, place)
        plain = model.load(bases[family], training.model_settings("Float64"), place)
        before = _nll(plain, place)
        merged = lora.merged({name: each.detach() for name, each in adapted.named_weights().items()}, _lora(targets))
        assert merged.keys() == plain.named_weights().keys()
        with torch.no_grad():
            for name, weight in plain.named_weights().items():
                weight.copy_(merged[name])
        np.testing.assert_allclose(_nll(plain, place), _nll(adapted, place), rtol=1e-9)
        assert np.abs(_nll(plain, place) - before).max() > 1, "the adapters changed nothing"


@pytest.mark.parametrize(("family", "targets"), ADAPTABLE)
def test_an_export_has_the_names_of_the_base(
    bases: dict[str, Path], tmp_path: Path, family: str, targets: Sequence[str]
) -> None:
    """Tensors have the base's names and shapes; in bfloat16 they still are the adapted model."""
    with ranks.alone(gpus=0) as place:
        adapted = _adapted(bases[family], targets, place)
        export.write(adapted, bases[family], tmp_path / "model", place, adapters=_lora(targets))
        assert _shapes(tmp_path / "model") == _shapes(bases[family])
        exported = model.load(tmp_path / "model", training.model_settings("Float64"), place)
        np.testing.assert_allclose(_nll(exported, place), _nll(adapted, place), rtol=0.02)


@pytest.mark.parametrize("family", ["qwen3", "llama"])
def test_no_targets_are_every_linear_layer_of_the_blocks(bases: dict[str, Path], family: str) -> None:
    """As the reference says: attention and MLP, not the head."""
    with ranks.alone(gpus=0) as place:
        trainee = model.load(bases[family], _settings(()), place)
    adapted = {name.split(".lora_")[0].split(".layers.")[1] for name in trainee.trained_weights()}
    blocks = {f"{layer}.self_attn.{name}" for layer in (0, 1) for name in ATTENTION}
    assert adapted == blocks | {f"{layer}.mlp.{name}" for layer in (0, 1) for name in MLP}


def test_two_ranks_hold_the_adapters_of_one(bases: dict[str, Path]) -> None:
    """Adapters begin by seed and name, and biases of an adapted layer arrive like every other weight."""
    (alone,), together = (on_ranks(world, _loaded, bases["gpt-oss"]) for world in (1, 2))
    for found in together:
        assert found.keys() == alone.keys()
        assert all(np.array_equal(found[name], alone[name]) for name in alone)


def _loaded(place: Ranks, base: Path) -> dict[str, np.ndarray]:
    """Return the whole weights as a rank sees them."""
    trainee = model.load(base, _settings(ATTENTION), place)
    return {name: ranks.whole(weight.detach()).numpy() for name, weight in trainee.named_weights().items()}


REFUSED: list[tuple[str, Sequence[str], str]] = [
    ("qwen3-moe", (), r"is empty, and model\.layers\.0\.mlp\.experts, which is no linear layer"),
    ("gpt-oss", (), r"is empty, and model\.layers\.0\.mlp\.router, which is no linear layer"),
    ("qwen3-moe", ("experts",), r"experts is model\.layers\.0\.mlp\.experts, which is no linear layer"),
    ("qwen3-moe", MLP, r"gate_proj is no linear layer of this model's blocks"),
    ("qwen3-moe", ("down_proj",), r"down_proj is model\.layers\.0\.mlp\.experts\.down_proj, which is no linear layer"),
    ("gpt-oss", ("gate_up_proj",), r"gate_up_proj is model\.layers\.0\.mlp\.experts\.gate_up_proj, which is no linear"),
    ("qwen3", ("q_proj", "self_attn"), r"self_attn is model\.layers\.0\.self_attn, which is no linear layer"),
    ("qwen3", ("input_layernorm",), r"input_layernorm is model\.layers\.0\.input_layernorm, which is no linear"),
    ("qwen3", ("lm_head",), r"lm_head is no linear layer of this model's blocks"),
    ("qwen3", ("embed_tokens",), r"embed_tokens is no linear layer of this model's blocks"),
    ("llama", ("proj",), r"proj is no linear layer of this model's blocks"),
]


@pytest.mark.parametrize(("family", "targets", "sentence"), REFUSED)
def test_what_cannot_be_adapted_is_named(
    bases: dict[str, Path], family: str, targets: Sequence[str], sentence: str
) -> None:
    """Nothing is adapted by half: the field, the module, and the layers that there are."""
    with ranks.alone(gpus=0) as place, pytest.raises(BadInput, match=sentence) as caught:
        model.load(bases[family], _settings(targets), place)
    assert str(caught.value).startswith("training.lora.targets: ")
    layers = {*ATTENTION, *(MLP if family in ("qwen3", "llama") else ())}
    assert f"name some of {', '.join(sorted(layers))}" in str(caught.value)
