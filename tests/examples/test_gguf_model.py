"""A GGUF file becomes a folder with the same weights, to the number, and so the same logits."""

from pathlib import Path
from types import ModuleType

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from processes import examples
from workspaces.gguf_models import SPECIAL, WORDS, random_model, write


@pytest.fixture(scope="module")
def program() -> ModuleType:
    """The example's converter."""
    return examples.load("coder", "gguf_model")


@pytest.mark.parametrize(
    ("family", "tied", "head"),
    [("qwen2", True, True), ("qwen2", True, False), ("qwen2", False, True), ("llama", False, True)],
)
def test_weights_and_logits_are_those_of_the_file(
    family: str, tied: bool, head: bool, program: ModuleType, tmp_path: Path
) -> None:
    """Whatever the family, and whether the head is its own matrix, a finer copy of the embedding, or not there."""
    model = random_model(family, tied=tied)
    stored = write(tmp_path / "tiny.gguf", family, model, head=head)
    program.convert(tmp_path / "tiny.gguf", tmp_path / "out", dtype=torch.float32)
    exported = load_file(tmp_path / "out" / "model.safetensors")
    if tied and head:
        stored["model.embed_tokens.weight"] = stored.pop("lm_head.weight")
    assert exported.keys() == stored.keys()
    assert [name for name, tensor in stored.items() if not torch.equal(tensor, exported[name])] == []
    model.load_state_dict(stored, strict=not tied)
    read = AutoModelForCausalLM.from_pretrained(tmp_path / "out", dtype=torch.float32).eval()
    tokens = torch.arange(40)[None]
    with torch.no_grad():
        assert torch.equal(read(tokens).logits, model(tokens).logits)


def test_the_tokenizer_is_that_of_the_file(program: ModuleType, tmp_path: Path) -> None:
    """Merges, special tokens, the chat template and the end of an answer arrive, and text survives a round trip."""
    write(tmp_path / "tiny.gguf", "qwen2", random_model("qwen2", tied=True), head=False)
    program.convert(tmp_path / "tiny.gguf", tmp_path / "out")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "out")
    text = tokenizer.apply_chat_template([{"role": "user", "content": "hello he"}], tokenize=False)
    ids = tokenizer.encode(text)
    every = [*WORDS, *SPECIAL]
    assert [every[each] for each in ids] == ["<|im_start|>", "hello", "Ġ", "he", "<|im_end|>"]
    assert tokenizer.decode(ids) == text
    assert tokenizer.eos_token == "<|im_end|>"
    saved = AutoModelForCausalLM.from_pretrained(tmp_path / "out")
    assert saved.generation_config.eos_token_id == [len(WORDS) + 2]
    assert saved.dtype == torch.bfloat16


@pytest.mark.parametrize(
    ("family", "extra", "said"),
    [
        ("llama", "rope_freqs.weight", "has rope_freqs.weight, which llama has not"),
        ("qwen2", "blk.0.ffn_gate_exps.weight", "has blk.0.ffn_gate_exps.weight, which qwen2 has not"),
    ],
)
def test_what_would_be_left_out_is_refused(
    family: str, extra: str, said: str, program: ModuleType, tmp_path: Path
) -> None:
    """Scaled rotary embeddings and experts are no part of these families, and the sentence names the tensor."""
    write(tmp_path / "tiny.gguf", family, random_model(family, tied=False), head=True, extra=extra)
    with pytest.raises(program.Refused, match=said):
        program.convert(tmp_path / "tiny.gguf", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_file_of_another_kind_is_refused(program: ModuleType, tmp_path: Path) -> None:
    """One that is no GGUF file, and one of a family that is not known."""
    (tmp_path / "no.gguf").write_bytes(b"no GGUF file at all, but long enough")
    with pytest.raises(program.Refused, match="is no GGUF file"):
        program.convert(tmp_path / "no.gguf", tmp_path / "out")
    write(tmp_path / "tiny.gguf", "qwen2", random_model("qwen2", tied=True), head=False)
    other = (tmp_path / "tiny.gguf").read_bytes().replace(b"qwen2", b"gemma")
    (tmp_path / "other.gguf").write_bytes(other)
    with pytest.raises(program.Refused, match="is a gemma model; qwen2 and llama are known"):
        program.convert(tmp_path / "other.gguf", tmp_path / "out")
