"""Adapters: what they are put beside, what is refused, and an export that is the adapted model."""

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from torch.distributed.tensor import DTensor, distribute_tensor
from transformers import AutoModelForCausalLM

from configs.train import train_config
from processes import hashing
from processes.interrupting import Interrupting
from processes.ranks import on_ranks
from ssd_jobs.contract import Lora, files
from ssd_jobs.errors import BadInput, Terminated
from ssd_jobs.models import adapting
from ssd_jobs.models.model_files import model_files
from ssd_jobs.stages.train import export, job, lora, model, nll, ranks
from ssd_jobs.stages.train.ranks import Ranks
from workspaces import training

ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
MLP = ("gate_proj", "up_proj", "down_proj")
ADAPTABLE = [
    ("qwen3", ()),
    ("qwen3", ATTENTION),
    ("llama", ()),
    ("llama", ATTENTION),
    ("qwen3-moe", ATTENTION),
    ("gpt-oss", ATTENTION),
]
GATHERED = [("qwen3", (), 2), ("gpt-oss", ATTENTION, 2)]
"""qwen3 is tied: its head is its embedding. Every linear layer of a model with experts is refused, below."""
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
            values = torch.randn(weight.shape, generator=generator, dtype=torch.float64) * 0.3
            if isinstance(weight, DTensor):
                values = distribute_tensor(values, weight.device_mesh, weight.placements)
            weight.copy_(values)
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


@pytest.mark.parametrize(("family", "targets", "world"), [*((*case, 1) for case in ADAPTABLE), *GATHERED])
def test_an_export_is_the_adapted_model(
    bases: dict[str, Path], tmp_path: Path, family: str, targets: Sequence[str], world: int
) -> None:
    """From any number of ranks: the base's names and shapes, no weight too few or too many, and the same NLL."""
    target = tmp_path / "model"
    before = on_ranks(world, _exported, bases[family], targets, target)[0]
    assert _shapes(target) == _shapes(bases[family])
    _, report = AutoModelForCausalLM.from_pretrained(target, output_loading_info=True)
    assert not any(report.values()), report
    with ranks.alone(gpus=0) as place:
        exported = model.load(target, training.model_settings("Float64"), place)
        np.testing.assert_allclose(_nll(exported, place), before, rtol=0.02)


def _exported(place: Ranks, base: Path, targets: Sequence[str], target: Path) -> np.ndarray:
    """Export an adapted model and return its NLL."""
    adapted = _adapted(base, targets, place)
    export.write(adapted, base, target, place, adapters=_lora(targets))
    return _nll(adapted, place)


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


@pytest.mark.parametrize("family", ["qwen3-moe", "gpt-oss"])
def test_experts_are_not_left_out_in_silence(bases: dict[str, Path], family: str) -> None:
    """No targets would mean them, too: by the config, and by the layers of a model whose config does not tell."""
    with ranks.alone(gpus=0) as place:
        with pytest.raises(BadInput, match=r"targets: is empty, and the model's 4 experts, which are no linear"):
            model.load(bases[family], _settings(()), place)
        plain = model.load(bases[family], training.model_settings("Float64"), place)
    with pytest.raises(
        BadInput, match=r"targets: is empty, and model\.layers\.0\.mlp\.\w+, which is no linear layer, "
    ):
        adapting.linear_layers(plain.causal_lm, _lora(()))


def test_a_rank_that_a_layer_cannot_use_is_named(bases: dict[str, Path]) -> None:
    """Adapters of a higher rank than the layer has would cost more than the layer and say no more."""
    with ranks.alone(gpus=0) as place:
        trainee = model.load(bases["llama"], training.model_settings("Float64"), place)
    assert adapting.linear_layers(trainee.causal_lm, Lora(rank=16, alpha=1.0, targets=("k_proj", "q_proj")))
    with pytest.raises(
        BadInput, match=r"training\.lora\.rank: 17 is more than model\.layers\.0\.self_attn\.k_proj can us"
    ):
        adapting.linear_layers(trainee.causal_lm, Lora(rank=17, alpha=1.0, targets=("k_proj", "q_proj")))


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


def test_an_interrupted_training_of_adapters_ends_where_it_would_have(tmp_path: Path) -> None:
    """A checkpoint holds adapters only: on another base it does not go on, and on its own every file is hashed once."""
    root = training.workspace(tmp_path, family="gpt-oss")
    _trained(root, "plain", after=99)
    with pytest.raises(Terminated):
        _trained(root, "stopped", after=2)
    with _flipped(root / "models/base/model.safetensors") as weights, pytest.raises(BadInput, match=re.escape(weights)):
        _trained(root, "stopped", after=99)
    with pytest.MonkeyPatch.context() as patch:
        hashed = hashing.recorded(patch)
        assert _trained(root, "stopped", after=99).facts["resumed_from_step"] > 0
    of_base = [path.name for path in hashed if path.parent == root / "models/base"]
    assert sorted(of_base) == model_files(root / "models/base").names
    one, other = (root / "checkpoints" / name / files.EXPORT / "model.safetensors" for name in ("plain", "stopped"))
    assert one.read_bytes() == other.read_bytes()


@contextmanager
def _flipped(file: Path) -> Iterator[str]:
    """Change one bit of a file for a while; give its name."""
    data = file.read_bytes()
    file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    yield str(file)
    file.write_bytes(data)


def _trained(root: Path, name: str, *, after: int) -> job.TrainingResult:
    """Train adapters of attention, asked to stop after a step."""
    stop = threading.Event()
    output = f"checkpoints/{name}"
    (root / output).mkdir(parents=True, exist_ok=True)
    config = train_config(root, output=output, lora=_lora(ATTENTION), checkpoint_every_steps=0)
    with ranks.alone(gpus=0) as place:
        return job.Training(config, place).run(Interrupting(stop, after), stop)
