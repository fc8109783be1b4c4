"""An export is written weight by weight, and is what transformers and the library of safetensors make of the whole."""

from pathlib import Path

import pytest
import torch
from huggingface_hub import save_torch_state_dict
from transformers import AutoModelForCausalLM, Glm4MoeConfig
from transformers.core_model_loading import revert_weight_conversion

from processes import disks
from processes.ranks import on_ranks
from ssd_jobs import artifacts
from ssd_jobs.contract import files
from ssd_jobs.errors import Temporary
from ssd_jobs.models import loading
from ssd_jobs.stages.train import export, model, ranks
from ssd_jobs.stages.train.ranks import Ranks
from workspaces import training


@pytest.mark.parametrize("world", [1, 2])
def test_files_are_those_of_the_whole_model(tmp_path: Path, world: int) -> None:
    """Byte for byte, for every family: names of the base, experts in a tensor each, tied weights once."""
    bases = [training.write_model(tmp_path / family, family=family) for family in training.FAMILIES]
    bases.append(training.write_packed(tmp_path / "packed"))
    on_ranks(world, _exported, bases)
    for base in bases:
        whole = loading.load(base, dtype=torch.float32)
        rounded = {name: weight.detach().bfloat16() for name, weight in whole.named_parameters()}
        expected = base.with_name(f"{base.name}-expected")
        expected.mkdir()
        named = {name: weight.clone() for name, weight in revert_weight_conversion(whole, rounded).items()}
        save_torch_state_dict(named, expected, metadata={"format": "pt"})
        names = {file.name for file in base.with_name(f"{base.name}-export").glob("*.safetensors*")}
        assert names == {file.name for file in expected.iterdir()} == {"model.safetensors"}
        written = base.with_name(f"{base.name}-export") / "model.safetensors"
        assert written.read_bytes() == (expected / "model.safetensors").read_bytes(), base


def test_what_a_router_adds_is_kept(tmp_path: Path) -> None:
    """What files have besides weights is read and written, not rounded; without it no export of GLM opens."""
    size = {"num_hidden_layers": 1, "n_routed_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16}
    config = Glm4MoeConfig(**training.COMMON | size, first_k_dense_replace=0)
    plain = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    name = "model.layers.0.mlp.gate.e_score_correction_bias"
    plain.get_buffer(name).copy_(torch.randn(4))
    plain.save_pretrained(tmp_path / "base")
    with ranks.alone(gpus=0) as place:
        _exported(place, [tmp_path / "base"])
    exported = loading.load(tmp_path / "base-export", dtype=torch.float32)
    assert torch.equal(exported.get_buffer(name), plain.get_buffer(name))


def _exported(place: Ranks, bases: list[Path]) -> None:
    """Export models as they were loaded."""
    for base in bases:
        trainee = model.load(base, training.model_settings("Float32"), place)
        export.write(trainee, base, base.with_name(f"{base.name}-export"), place, adapters=None)


def test_a_full_disk_is_one_sentence(tmp_path: Path) -> None:
    """Without space for the weights the export says so, and is not there; with it, it is written as ever."""
    base = training.write_model(tmp_path / "base")
    with disks.small(tmp_path / "small", megabytes=1) as disk, ranks.alone(gpus=0) as place:
        trainee = model.load(base, training.model_settings("Float32"), place)
        (disk / "ballast").write_bytes(b"x" * (2**20 - 40 * 2**10))
        output = artifacts.Output(path=disk / "trained", stage="train", name="trained", key="a" * 64)
        with pytest.raises(Temporary, match="no space left on the volume; nothing is lost"), output.claim() as draft:
            export.write(trainee, base, draft.path / files.EXPORT, place, adapters=None)
        assert not (disk / "trained" / files.EXPORT).exists()
        (disk / "ballast").unlink()
        with output.claim() as draft:
            export.write(trainee, base, draft.path / files.EXPORT, place, adapters=None)
        assert loading.load(disk / "trained" / files.EXPORT, dtype="auto").dtype == torch.bfloat16
