"""A tiny random model, records with its own log-probabilities, and a workspace to train in.

The log-probabilities come from transformers' own forward pass, one document at a time, so that every use of them is
an independent check of ours.
"""

import json
import shutil
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, GptOssConfig, LlamaConfig, Qwen2Config, Qwen3Config, Qwen3MoeConfig

from configs.train import train_config
from ssd_jobs import artifacts, contract
from ssd_jobs.artifacts import tables
from ssd_jobs.contract import files
from ssd_jobs.stages.train import model, optimizer
from ssd_jobs.stages.train.checkpoint import Checkpoints
from ssd_jobs.stages.train.ranks import Ranks
from workspaces.provenance import EMPTY

VOCABULARY = 97
COMMON: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 512,
    "initializer_range": 0.2,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 0,
}
FAMILIES: dict[str, Any] = {
    "qwen3": lambda: Qwen3Config(**COMMON, tie_word_embeddings=True),
    "qwen2": lambda: Qwen2Config(**COMMON, tie_word_embeddings=True),
    "llama": lambda: LlamaConfig(**COMMON, tie_word_embeddings=False),
    "gpt-oss": lambda: GptOssConfig(
        **COMMON,
        num_local_experts=4,
        num_experts_per_tok=2,
        sliding_window=7,
        layer_types=["sliding_attention", "full_attention"],
        tie_word_embeddings=False,
    ),
    "qwen3-moe": lambda: Qwen3MoeConfig(
        **COMMON, num_experts=4, num_experts_per_tok=2, moe_intermediate_size=16, tie_word_embeddings=False
    ),
}


def model_settings(
    dtype: Literal["BFloat16", "Float32", "Float64"],
    *,
    activation_checkpointing: Literal["None", "Selective", "Full"] = "None",
    lora: contract.Lora | None = None,
    seed: int = 0,
) -> model.ModelSettings:
    """Return settings under which nothing is compiled."""
    return model.ModelSettings(
        compute_dtype=dtype,
        activation_checkpointing=activation_checkpointing,
        compile=False,
        kernels="Auto",
        lora=lora,
        seed=seed,
        trust_remote_code=False,
    )


def write_model(directory: Path, *, family: str = "qwen3", seed: int = 0) -> Path:
    """Write a random model in float32, with files that an export must copy."""
    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_config(FAMILIES[family](), dtype=torch.float32)
    model.save_pretrained(directory)
    (directory / files.TOKENIZER).write_text("{}")
    (directory / files.TOKENIZER_CONFIG).write_text("{}")
    (directory / "chat_template.jinja").write_text("{{ messages }}")
    return directory


def copy_model(source: Path, target: Path) -> Path:
    """Copy a model whose files are to be changed."""
    shutil.copytree(source, target)
    return target


def write_packed(directory: Path) -> Path:
    """Write a gpt-oss whose experts are packed in four bits, as its makers publish it; random in its codes and scales."""
    wide = {"hidden_size": 64, "intermediate_size": 64}
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(GptOssConfig(**(FAMILIES["gpt-oss"]().to_dict() | wide)))
    model.save_pretrained(directory)
    weights = load_file(directory / "model.safetensors")
    for name in [name for name in weights if name.endswith(("experts.gate_up_proj", "experts.down_proj"))]:
        experts, rows, columns = weights.pop(name).shape
        weights[f"{name}_blocks"] = torch.randint(0, 256, (experts, columns, rows // 32, 16), dtype=torch.uint8)
        weights[f"{name}_scales"] = torch.randint(118, 124, (experts, columns, rows // 32), dtype=torch.uint8)
    save_file(weights, directory / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((directory / files.MODEL_CONFIG).read_text())
    config["quantization_config"] = {"quant_method": "mxfp4", "modules_to_not_convert": ["lm_head"]}
    (directory / files.MODEL_CONFIG).write_text(json.dumps(config))
    return directory


def document_lengths(count: int, *, seed: int, longest: int = 60) -> list[int]:
    """Return lengths with a long tail."""
    random = np.random.default_rng(seed)
    return [int(np.clip(length, 4, longest)) for length in random.lognormal(2.5, 0.7, count)]


def records(model_directory: Path, *, count: int = 24, seed: int = 0) -> list[dict[str, Any]]:
    """Return random documents with the log-probability that transformers gives their completions."""
    model = AutoModelForCausalLM.from_pretrained(model_directory, dtype=torch.float64, experts_implementation="eager")
    random = np.random.default_rng(seed)
    rows = []
    for index, length in enumerate(document_lengths(count, seed=seed)):
        tokens = random.integers(3, VOCABULARY, length).tolist()
        prompt = int(random.integers(1, max(2, length // 2)))
        rows.append(
            {
                "record_id": index,
                "problem_id": f"p{index}",
                "sample_index": 0,
                "token_ids": tokens,
                "prompt_length": prompt,
                "finished": True,
                "logprob_sum": float(reference_logprobs(model, tokens)[prompt - 1 :].sum()),
            }
        )
    return rows


@torch.no_grad()
def reference_logprobs(model: Any, tokens: list[int]) -> torch.Tensor:
    """Return the log-probability of each token after the first, as transformers computes it."""
    logits = model(torch.tensor([tokens])).logits[0, :-1].double()
    chosen: torch.Tensor = logits.log_softmax(-1).gather(1, torch.tensor(tokens[1:])[:, None])
    return chosen.squeeze(1)


def batches(count: int, *, steps: int, size: int, seed: int = 0) -> list[dict[str, Any]]:
    """Return a random order of training."""
    random = np.random.default_rng(seed)
    return [
        {"step": step, "record_ids": random.choice(count, size, replace=size > count).tolist()}
        for step in range(1, steps + 1)
    ]


def workspace(root: Path, *, steps: int = 4, size: int = 8, family: str = "qwen3", count: int = 24) -> Path:
    """Write a model and records, each as a complete artifact."""
    write_base(root, family=family)
    with _artifact(root, "records/plan") as draft:
        rows = records(root / "models/base", count=count)
        draft.write_table(files.RECORDS, tables.RECORDS, tables.table(tables.RECORDS, rows))
        plan = tables.table(tables.BATCHES, batches(count, steps=steps, size=size))
        draft.write_table(files.BATCHES, tables.BATCHES, plan)
        _finish(draft)
    return root


def write_base(root: Path, *, family: str = "qwen3", seed: int = 0) -> None:
    """Write the model that is trained, as a complete artifact."""
    with _artifact(root, "models/base") as draft:
        write_model(draft.path, family=family, seed=seed)
        _finish(draft)


def _artifact(root: Path, path: str) -> AbstractContextManager[artifacts.Draft]:
    """Claim an input."""
    return artifacts.Output(path=root / path, stage="prepare", name="input", key="b" * 64).claim()


def _finish(draft: artifacts.Draft) -> None:
    """Complete an input."""
    draft.finish(EMPTY)


def final_state(ranks: Ranks, root: Path, output: str) -> dict[str, torch.Tensor]:
    """Return the float32 weights and moments of the newest checkpoint."""
    trainee = model.load(root / "models/base", model_settings("Float32"), ranks)
    state = optimizer.state(trainee, optimizer.build(trainee, train_config(root).science))
    step, _ = Checkpoints(root / output / files.CHECKPOINTS, ranks, keep=9).restore(state)
    flat = {f"{part}/{name}": tensor.clone() for part, tensors in state.items() for name, tensor in tensors.items()}
    return {"step": torch.tensor(step), **flat}


def distance(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> float:
    """Return the largest relative distance between tensors of the same name."""
    assert one.keys() == other.keys()
    norm = torch.linalg.vector_norm
    return max(float(norm((one[name] - other[name]).double()) / norm(other[name].double())) for name in one)
