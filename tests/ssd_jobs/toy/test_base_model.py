"""Laws of the shipped base model."""

import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from populations.toys import recipe_of
from ssd_jobs.contract import Rendering, files
from ssd_jobs.errors import BadInput
from ssd_jobs.models import prompts
from ssd_jobs.toy import base_model, solutions, tasks


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(base_model.directory(), local_files_only=True)


def test_every_shipped_file_is_the_one_that_was_built() -> None:
    """The digests cover all files, the weights are safetensors, and everybody may read them."""
    directory = base_model.directory()
    listed = json.loads((directory / base_model.DIGESTS).read_text())
    names = {path.name for path in directory.iterdir()}
    assert set(listed) == names - {base_model.DIGESTS}
    assert {files.MODEL_CONFIG, files.GENERATION_CONFIG, "model.safetensors", files.TOKENIZER} <= names
    assert not {name for name in names if name.endswith((".bin", ".pt", ".pth", ".pkl"))}
    assert all(path.stat().st_mode & 0o444 == 0o444 for path in directory.iterdir())
    assert sum(path.stat().st_size for path in directory.iterdir()) < 2_500_000


@pytest.mark.parametrize("harm", ["change", "remove", "add", "list"])
def test_a_changed_file_is_refused(tmp_path: Path, harm: str) -> None:
    """One changed, missing or foreign file, or no list of digests, and the model is not used."""
    copy = Path(shutil.copytree(base_model.directory(), tmp_path / "base"))
    assert base_model.directory(copy) == copy
    match harm:
        case "change":
            (copy / files.MODEL_CONFIG).write_text("{}")
        case "remove":
            (copy / files.TOKENIZER).unlink()
        case "add":
            (copy / "extra.py").write_text("")
        case _:
            (copy / base_model.DIGESTS).unlink()
    with pytest.raises(BadInput, match="install the package again"):
        base_model.directory(copy)


@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_the_tokenizer_loses_nothing(tokenizer: Any, text: str) -> None:
    """Any text comes back from its tokens, so that a graded program is the program that was sampled."""
    ids = tokenizer(text, add_special_tokens=False, split_special_tokens=True).input_ids
    assert tokenizer.decode(ids, clean_up_tokenization_spaces=False) == text


def test_prompts_and_answers_are_short_and_end(tokenizer: Any) -> None:
    """A chat prompt ends where the assistant begins; 160 tokens hold every prompt and right answer."""
    for index, problem in enumerate(tasks.problems(300)):
        chat = [{"role": "user", "content": problem.statement}]
        prompt = tokenizer.apply_chat_template(chat, add_generation_prompt=True, tokenize=False)
        assert prompt.endswith("<|im_start|>assistant\n")
        answer = solutions.completion(recipe_of(problem.id), random.Random(index)) + tokenizer.eos_token
        ids = tokenizer(prompt + answer).input_ids
        assert len(ids) < 160
        assert ids[-1] == tokenizer.eos_token_id


def test_the_packages_prompt_shows_the_model_what_it_was_trained_on(tokenizer: Any) -> None:
    """Through the Instruct template and the chat template, a toy problem is its statement and nothing else."""
    rendering = Rendering(prompt_mode="Chat", chat_template_args={}, today="2026-04-01", template="builtin:instruct")
    renderer = prompts.Renderer(
        rendering, prompts.load_template(rendering.template, Path()), tokenizer, vocabulary=None
    )
    for problem in tasks.benchmark(6):
        fields = {"statement": problem.statement, "starter_code": "", "kind": problem.kind, "entry_point": ""}
        (prompt,) = renderer.render([fields])
        assert prompt.text == f"<|im_start|>user\n{problem.statement}<|im_end|>\n<|im_start|>assistant\n"


def test_the_model_knows_its_trade(tokenizer: Any) -> None:
    """Loaded as any Qwen3, it answers most easy problems in the exact words of some right solution when greedy."""
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(base_model.directory(), local_files_only=True)
    assert model.dtype == torch.bfloat16
    easy = [problem for problem in tasks.benchmark(45) if problem.difficulty == "easy"]
    chats = [[{"role": "user", "content": problem.statement}] for problem in easy]
    inputs = tokenizer.apply_chat_template(
        chats,
        add_generation_prompt=True,
        padding=True,
        tokenizer_kwargs={"padding_side": "left"},
        return_tensors="pt",
        return_dict=True,
    )
    outputs = model.generate(**inputs, max_new_tokens=90, do_sample=False)[:, inputs["input_ids"].shape[1] :]
    answers = tokenizer.batch_decode(outputs, skip_special_tokens=True)
    right = sum(answer in _styles(problem) for problem, answer in zip(easy, answers, strict=True))
    assert right >= 0.6 * len(easy)


def _styles(problem: tasks.ToyProblem) -> set[str]:
    """Nearly all ways to write the right solution."""
    recipe = recipe_of(problem.id)
    return {solutions.completion(recipe, random.Random(seed)) for seed in range(400)}
