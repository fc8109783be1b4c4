"""What the parts that sample sample from: a model that is named, or a random one in the shape of a small code model."""

import shutil
from pathlib import Path

from benchmarks.gpu.part import Part
from ssd_jobs.contract import files
from ssd_jobs.toy import base_model

__all__ = ["code_model"]

TOKENIZER = (files.TOKENIZER, files.TOKENIZER_CONFIG, files.GENERATION_CONFIG, "chat_template.jinja")


def code_model(of: Part) -> Path:
    """Return its folder; in the tiny form it is the toy that the package ships."""
    toy = Path(base_model.__file__).parent / "base"
    if of.tiny:
        return toy
    if of.model is not None:
        return of.model.resolve()
    path = of.folder / "random-0.5b"
    if not (path / files.MODEL_CONFIG).exists():
        _write(path, device="cuda" if of.gpus else "cpu")
        for name in TOKENIZER:
            shutil.copyfile(toy / name, path / name)
    return path


def _write(path: Path, *, device: str) -> None:
    """Write random weights in the shape of Qwen2.5-Coder-0.5B, peaked enough that not every token is as good."""
    import torch
    from transformers import AutoModelForCausalLM, Qwen2Config

    config = Qwen2Config(
        vocab_size=151_936,
        hidden_size=896,
        intermediate_size=4864,
        num_hidden_layers=24,
        num_attention_heads=14,
        num_key_value_heads=2,
        max_position_embeddings=32_768,
        tie_word_embeddings=True,
        initializer_range=0.05,
        pad_token_id=0,
        eos_token_id=2,
    )
    torch.manual_seed(0)
    with torch.device(device):
        model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    model.save_pretrained(path)
