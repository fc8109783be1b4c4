"""What a later stage would refuse of a model, prepare refuses, in the same words and before anything is sampled."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, GPT2Config, PhiConfig, StableLmConfig

from configs.parts import TRANSFORMERS, model_at
from configs.prepare import prepare_config
from ssd_jobs import contract
from ssd_jobs.contract import Lora, files
from ssd_jobs.engine.transformers_engine import TransformersEngine
from ssd_jobs.errors import BadInput
from ssd_jobs.models import compilers
from ssd_jobs.models.stops import stop_token_ids
from ssd_jobs.stages.prepare import stage as prepare
from ssd_jobs.stages.train import model, ranks
from ssd_jobs.toy import base_model
from workspaces import training
from workspaces.sampling import context

MODEL = "models/base"
"""Where prepare leaves it, and where the other stages find it."""


def _trains(root: Path, lora: Lora | None) -> object:
    with ranks.alone(gpus=0) as place:
        return model.load(root / MODEL, training.model_settings("Float32", lora=lora), place)


def _samples(root: Path, _lora: Lora | None) -> object:
    return TransformersEngine(root / MODEL, TRANSFORMERS, gpus=0, max_sequence_tokens=513)


def _stops(root: Path, _lora: Lora | None) -> object:
    return stop_token_ids(root / MODEL)


def _compiles(_root: Path, _lora: Lora | None) -> None:
    compilers.require("cuda")


@dataclass(frozen=True)
class Case:
    """A model with something that cannot be, who would refuse it later, and in which words."""

    sentence: str
    family: str = "llama"
    config: dict[str, Any] = field(default_factory=dict)
    change: Callable[[Path], None] = lambda _path: None
    lora: Lora | None = None
    later: Callable[[Path, Lora | None], object] = _trains
    execution: dict[str, Any] = field(default_factory=dict)


def _lora(*targets: str, rank: int = 4) -> Lora:
    return Lora(rank=rank, alpha=8.0, targets=targets)


def _other(settings: Any) -> Callable[[Path], None]:
    """Return what puts a model of another kind in the directory."""

    def write(path: Path) -> None:
        torch.manual_seed(0)
        AutoModelForCausalLM.from_config(settings).save_pretrained(path)

    return write


def _without_a_norm(path: Path) -> None:
    weights = load_file(path / "model.safetensors")
    del weights["model.norm.weight"]
    save_file(weights, path / "model.safetensors", metadata={"format": "pt"})


def _endless(path: Path) -> None:
    for name in (files.MODEL_CONFIG, files.GENERATION_CONFIG):
        written = json.loads((path / name).read_text())
        (path / name).write_text(json.dumps(written | {"eos_token_id": None}))


SMALL = {"vocab_size": 97, "n_layer": 1, "n_head": 2, "bos_token_id": 1, "eos_token_id": 2}
PHI = {"vocab_size": 97, "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
CASES: dict[str, Case] = {
    "quantized": Case(
        "model.source: config.json: the weights are quantized (gptq) and cannot be trained; use the",
        config={"quantization_config": {"quant_method": "gptq", "bits": 4}},
    ),
    "capped logits": Case(
        "model.source: config.json: final_logit_softcapping is set,", config={"final_logit_softcapping": 30.0}
    ),
    "scaled logits": Case("model.source: config.json: logit_scale is set,", config={"logit_scale": 0.0625}),
    "capped attention": Case(
        "model.source: config.json: attn_logit_softcapping is set,", config={"attn_logit_softcapping": 50.0}
    ),
    "linear attention": Case(
        "model.source: config.json: layer_types has linear_attention,",
        family="qwen3",
        config={"layer_types": ["full_attention", "linear_attention"]},
    ),
    "no list of blocks": Case(
        "model.source: GPT2LMHeadModel has no list of blocks",
        change=_other(GPT2Config(**SMALL, n_embd=16, n_positions=64)),
    ),
    "attention of its own": Case(
        "model.source: StableLmForCausalLM has attention of its own, which cannot keep packed documents apart",
        change=_other(StableLmConfig(**PHI, num_key_value_heads=2, bos_token_id=1, eos_token_id=2)),
    ),
    "a head with a bias": Case(
        "model.source: PhiForCausalLM has a head that is more than a matrix",
        change=_other(PhiConfig(**PHI, bos_token_id=1, eos_token_id=2)),
    ),
    "a missing weight": Case(
        "the model needs weights that its files lack: model.norm.weight; get", change=_without_a_norm
    ),
    "no kind of model": Case("model.source: config.json names no model_type;", config={"model_type": None}),
    "experts and no targets": Case(
        "training.lora.targets: is empty, and the model's 4 experts, which", family="qwen3-moe", lora=_lora()
    ),
    "experts as targets": Case(
        "training.lora.targets: down_proj is model.layers.0.mlp.experts.down_proj, which is no linear layer",
        family="gpt-oss",
        lora=_lora("q_proj", "down_proj"),
    ),
    "no such target": Case(
        "training.lora.targets: no_such_layer is no linear layer of this model's blocks", lora=_lora("no_such_layer")
    ),
    "the head as a target": Case("training.lora.targets: lm_head is no linear layer", "qwen3", lora=_lora("lm_head")),
    "a useless rank": Case(
        "training.lora.rank: 17 is more than model.layers.0.self_attn.k_proj can use, which is 16 x 32; set at most 16",
        lora=_lora(rank=17),
    ),
    "too long": Case("maxSequenceTokens: 513 is more than the model's 512 positions; lower it", later=_samples),
    "no end": Case("names no end-of-sequence token; add eos_token_id", change=_endless, later=_stops),
    "no compiler": Case(
        "training.compile: there is no C compiler (gcc)", later=_compiles, execution={"compiles_for": "cuda"}
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_prepare_says_what_a_later_stage_would_say(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the field of the spec, before a prompt is made."""
    case = CASES[name]
    source = training.write_model(tmp_path / "source", family=case.family)
    case.change(source)
    written = json.loads((source / files.MODEL_CONFIG).read_text())
    (source / files.MODEL_CONFIG).write_text(json.dumps(written | case.config))
    length = contract.Sequences(field="sampling", max_sequence_tokens=513 if case.later is _samples else 64)
    demands = contract.Demands(engine="Transformers", sequences=(length,), trained=True, lora=case.lora)
    if case.later is _compiles:
        monkeypatch.setenv("PATH", str(tmp_path))
    early = _refusal(tmp_path, demands, model=model_at(str(source)), **case.execution)
    assert case.sentence in early
    assert early.startswith(("model.source: ", "training.", "sampling.maxSequenceTokens: "))
    assert not (tmp_path / "problems").exists() or not any((tmp_path / "problems").glob("pool/manifest.json"))
    if name != "no kind of model":
        with pytest.raises(BadInput) as late:
            case.later(tmp_path, case.lora)
        assert early.endswith(str(late.value)), "the same sentence, whoever says it"


def _refusal(root: Path, demands: contract.Demands, **config: Any) -> str:
    """Return why prepare refuses."""
    with pytest.raises(BadInput) as caught:
        prepare.run(prepare_config(root, demands=demands, **config), context(root))
    return str(caught.value)


def test_a_found_model_is_asked_again(tmp_path: Path) -> None:
    """Other demands on a model that was prepared for fewer are a question of their own."""
    config = prepare_config(tmp_path, limit=5)
    prepare.run(config, context(tmp_path))
    lora = contract.Demands(engine="VLLM", sequences=(), trained=True, lora=_lora("no_such_layer"))
    assert "no_such_layer" in _refusal(tmp_path, lora, limit=5)


def test_what_can_be_done_is_not_refused(tmp_path: Path) -> None:
    """The toy, with adapters beside every linear layer, as the reference says of empty targets."""
    asked = contract.Demands(
        engine="Transformers",
        sequences=(contract.Sequences(field="sampling", max_sequence_tokens=160),),
        trained=True,
        lora=_lora(rank=8),
    )
    prepare.run(prepare_config(tmp_path, limit=5, demands=asked), context(tmp_path))


@pytest.mark.parametrize(
    ("size", "sentence"),
    [
        (1, r"model.source: the end-of-sequence token \d+ is none of the model's 1 tokens; get tokenizer and weights"),
        (
            20,
            r"model.source: the tokenizer gives a prompt the token \d+, which is none of the model's 20; get tokenizer",
        ),
    ],
)
def test_a_tokenizer_of_another_model_is_refused(tmp_path: Path, size: int, sentence: str) -> None:
    """By a token that the model does not know: vLLM and a table of embeddings would fail on it, far from the cause."""
    source = training.copy_model(base_model.directory(), tmp_path / "source")
    written = json.loads((source / files.MODEL_CONFIG).read_text())
    (source / files.MODEL_CONFIG).write_text(json.dumps(written | {"vocab_size": size}))
    with pytest.raises(BadInput, match=sentence):
        prepare.run(prepare_config(tmp_path, model=model_at(str(source)), limit=5), context(tmp_path))
