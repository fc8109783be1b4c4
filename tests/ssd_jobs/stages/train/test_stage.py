"""The stage as a function: what it leaves, under every option, is a model that a stranger opens."""

import json
import stat
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from transformers import AutoModelForCausalLM

from configs.train import train_config
from processes.ranks import on_ranks
from ssd_jobs import contract
from ssd_jobs.context import Context
from ssd_jobs.contract import files
from ssd_jobs.errors import BadInput
from ssd_jobs.models import loading
from ssd_jobs.models.model_files import exported_digest, model_files
from ssd_jobs.progress.recorder import Progress
from ssd_jobs.stages.train import export, model, ranks
from ssd_jobs.stages.train import stage as train
from ssd_jobs.stages.train.ranks import Ranks
from workspaces import training
from workspaces.heard import Heard

LORA = contract.Lora(rank=4, alpha=8.0, targets=("q_proj", "v_proj"))
OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "bfloat16": {"compute_dtype": "BFloat16"},
    "full checkpointing": {"activation_checkpointing": "Full"},
    "selective checkpointing": {"activation_checkpointing": "Selective"},
    "lora": {"lora": LORA},
    "lora of every layer": {"lora": contract.Lora(rank=8, alpha=16.0, targets=())},
    "by sequence": {"loss_weighting": "Sequence", "grad_clip": 0.0},
}


def _run(root: Path, name: str, **fields: Any) -> tuple[Path, Any]:
    """Run the stage."""
    config = train_config(root, output=f"checkpoints/{name}", **fields)
    progress = Heard()
    result = train.run(config, Context(root, 0, progress))
    assert progress.units() == ["MB hashed", "steps", "MB exported"]
    assert ("steps", config.science.steps, config.science.steps) in progress.said
    return root / config.output, result


def _facts(output: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((output / files.MANIFEST).read_text())["facts"]
    return found


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return training.workspace(tmp_path_factory.mktemp("stage"))


def _losses(output: Path) -> list[float]:
    rows = [json.loads(line) for line in (output / files.METRICS).read_text().splitlines()]
    return [row["value"] for row in rows if row["key"] == "train/loss"]


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_learns_and_exports(root: Path, option: str) -> None:
    """The loss falls, the export was reloaded, and transformers alone opens it."""
    output, _ = _run(root, option.replace(" ", "-"), **OPTIONS[option])
    losses = _losses(output)
    assert len(losses) == 4
    assert losses[-1] < losses[0]
    assert abs(_facts(output)["export_nll"] - _facts(output)["export_nll_expected"]) < 0.03
    opened = AutoModelForCausalLM.from_pretrained(output / files.EXPORT)
    assert opened.dtype == torch.bfloat16
    assert not any("lora" in name for name, _ in opened.named_parameters())


def test_checkpointing_activations_changes_no_bit(root: Path) -> None:
    """What backward recomputes is what it would have remembered."""
    plain, *others = (
        _run(root, f"bits-{mode}", activation_checkpointing=mode)[0] for mode in ("None", "Full", "Selective")
    )
    assert all(_losses(other) == _losses(plain) for other in others)


@pytest.mark.parametrize("family", ["llama", "gpt-oss", "qwen3-moe"])
def test_the_families_keep_their_files_names(tmp_path: Path, family: str) -> None:
    """The export has the tensors of the base's checkpoint, by name and shape, for vLLM to open like the base."""
    output, _ = _run(training.workspace(tmp_path, family=family), "run")
    shapes = []
    for path in (tmp_path / "models/base", output / files.EXPORT):
        with safe_open(path / "model.safetensors", "pt") as file:
            shapes.append({name: file.get_slice(name).get_shape() for name in file.keys()})  # noqa: SIM118
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize("world", [1, 2])
def test_packed_experts_are_exported_unpacked(tmp_path: Path, world: int) -> None:
    """As the makers of gpt-oss publish it, it is trained and exported whole: every weight, rounded to bfloat16."""
    base = training.write_packed(tmp_path / "base")
    trained = on_ranks(world, _exported, base, tmp_path / "model")[0]
    exported = loading.load(tmp_path / "model", dtype="auto")
    weights = {name: weight.detach().float().numpy() for name, weight in exported.named_parameters()}
    assert weights.keys() == trained.keys()
    assert all(np.array_equal(weights[name], trained[name]) for name in trained)


def _exported(place: Ranks, base: Path, target: Path) -> dict[str, np.ndarray]:
    """Export a model as it was loaded, and return its weights as an export rounds them."""
    trainee = model.load(base, training.model_settings("Float32"), place)
    export.write(trainee, base, target, place, adapters=None)
    wholes = {name: ranks.whole(weight.detach()) for name, weight in trainee.named_weights().items()}
    return {name: weight.bfloat16().float().numpy() for name, weight in wholes.items()}


def test_the_artifact(root: Path) -> None:
    """Weights are readable by all, everything but weights is the base's, intermediate exports outlive rotation."""
    output, result = _run(root, "artifact", export_every_steps=1, checkpoint_every_steps=1, checkpoint_keep=1)
    manifest = json.loads((output / files.MANIFEST).read_text())
    assert [path.name for path in sorted((output / files.EXPORTS).iterdir())] == [files.step(i) for i in (1, 2, 3)]
    assert [path.name for path in (output / "steps").iterdir()] == [files.step(4)]
    assert not any(name.startswith("steps/") for name in manifest["files"])
    for name in (files.TOKENIZER, files.TOKENIZER_CONFIG, "chat_template.jinja", files.GENERATION_CONFIG):
        assert (output / files.EXPORT / name).read_bytes() == (root / "models/base" / name).read_bytes()
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o644 for file in (output / files.EXPORT).iterdir())
    assert manifest["counts"]["samples_seen"] == 32
    assert manifest["facts"]["attention"] == "each"
    before = (output / files.MANIFEST).stat().st_mtime_ns
    again = train.run(
        train_config(root, output="checkpoints/artifact", export_every_steps=1), Context(root, 0, Progress())
    )
    assert again.digest == result.digest
    assert (output / files.MANIFEST).stat().st_mtime_ns == before


def test_single_steps_are_exported_too(root: Path) -> None:
    """What is written after a step that was asked for is a model whose files are known, as those of the last are."""
    output, _ = _run(root, "steps", export_steps=(2, 4))
    assert [path.name for path in (output / files.EXPORTS).iterdir()] == [files.step(2)]
    on_the_way, last = (model_files(root / files.export("checkpoints/steps", step)) for step in (2, None))
    on_the_way.verify()
    assert on_the_way.digest == exported_digest(on_the_way.directory) != last.digest
    assert last.digest == exported_digest(last.directory)


def test_a_wrong_model_is_refused_at_step_0(tmp_path: Path) -> None:
    """Nothing is trained, and the message carries both numbers."""
    root = training.workspace(tmp_path)
    training.write_base(root, seed=1)
    config = train_config(root, nll_tolerance=1e-6)
    with pytest.raises(BadInput, match=r"step-0 guard: 24 stored completions have a mean NLL of \d"):
        train.run(config, Context(root, 0, Progress()))
    assert not (root / config.output / "steps").exists()


def test_a_diverging_recipe_is_bad_input(root: Path) -> None:
    """No later step is trained on nothing."""
    with pytest.raises(BadInput, match="training diverged at step"):
        _run(root, "diverging", learning_rate=1e30, min_learning_rate=1e30, grad_clip=0.0, warmup_steps=0)


@pytest.mark.parametrize("target", ["lm_head", "no_such_projection"])
def test_adapters_that_cannot_be_are_named(root: Path, target: str) -> None:
    """The message names the field."""
    with pytest.raises(BadInput, match=r"lora\.targets: "):
        _run(root, f"bad-{target}", lora=LORA.model_copy(update={"targets": (target,)}))


def test_an_unreachable_mlflow_fails_nothing() -> None:
    """Live tracking is a courtesy, and what refuses it is a warning."""
    from ssd_jobs.stages.train.live import Live

    calls: list[int] = []

    def refuse() -> None:
        calls.append(1)
        raise ConnectionError("refused")

    live = Live(refuse)
    live.send()
    live.close(patience_s=30.0)
    assert calls
