"""An answer begins after the model's thoughts, and thoughts that never end have none."""

import functools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from ssd_jobs.models.answers import CompletionReader, CompletionText
from ssd_jobs.programs.extraction import extract

F = "```"
CODE = f"{F}python\nx = 1\n{F}"
THOUGHT = f"Try this:\n{F}python\nx = 0\n{F}\n"
HARMONY = ("<|start|>", "<|channel|>", "<|message|>", "<|constrain|>", "<|end|>", "<|return|>", "<|im_end|>")
PLAIN, OPEN, TURN = "<|im_start|>assistant\n", "<|im_start|>assistant\n<think>\n", "<|start|>assistant"
ANALYSIS, FINAL = "<|channel|>analysis<|message|>", "<|start|>assistant<|channel|>final<|message|>"
CASES = {
    "no thoughts": (PLAIN, CODE, "x = 1"),
    "no thoughts, cut in the program": (PLAIN, f"So\n{F}python\nx = 1", "x = 1"),
    "opened by the template": (OPEN, f"{THOUGHT}</think>\n{CODE}<|im_end|>", "x = 1"),
    "opened by the template, never closed": (OPEN, THOUGHT, None),
    "opened by the template, nothing after": (OPEN, f"{THOUGHT}</think>\n\n<|im_end|>", None),
    "opened by the template, no program after": (OPEN, f"{THOUGHT}</think>\nI give up.<|im_end|>", None),
    "closed by the template": (f"{OPEN}\n</think>\n\n", CODE, "x = 1"),
    "opened by the model": (PLAIN, f"<think>\n{THOUGHT}</think>\n{CODE}", "x = 1"),
    "opened by the model, never closed": (PLAIN, f"\n<think>\n{THOUGHT}", None),
    "opened by the model, nothing after": (PLAIN, f"<think>\n{THOUGHT}</think>", None),
    "never said to be opened": (PLAIN, f"{THOUGHT}</think>\n{CODE}", "x = 1"),
    "a word of the answer": (PLAIN, f"The tag <think> is printed.\n{CODE}", "x = 1"),
    "final channel": (TURN, f"{ANALYSIS}{THOUGHT}<|end|>{FINAL}{CODE}<|return|>", "x = 1"),
    "final channel, constrained": (
        TURN,
        f"{ANALYSIS}{THOUGHT}<|end|><|start|>assistant<|channel|>final <|constrain|>text<|message|>{CODE}",
        "x = 1",
    ),
    "analysis that never ends": (TURN, f"{ANALYSIS}{THOUGHT}", None),
    "analysis without final": (TURN, f"{ANALYSIS}{THOUGHT}<|end|>", None),
    "commentary without final": (TURN, f"<|channel|>commentary<|message|>{THOUGHT}<|end|>", None),
    "analysis opened by the prompt": (f"{TURN}{ANALYSIS}", THOUGHT, None),
    "final opened by the prompt": (f"{TURN}<|channel|>final<|message|>", CODE, "x = 1"),
    "final and nothing in it": (TURN, f"{ANALYSIS}{THOUGHT}<|end|>{FINAL}<|return|>", None),
}


@functools.cache
def tokenizer() -> PreTrainedTokenizerFast:
    """A tokenizer of bytes, for which `<think>` is a word as in Qwen3 and a channel is special as in gpt-oss."""
    letters = {letter: number for number, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    bytewise = Tokenizer(models.BPE(vocab=letters, merges=[]))
    bytewise.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    bytewise.decoder = decoders.ByteLevel()
    bytewise.add_tokens([AddedToken(word, special=False, normalized=False) for word in ("<think>", "</think>")])
    bytewise.add_special_tokens([AddedToken(word, special=True, normalized=False) for word in HARMONY])
    return PreTrainedTokenizerFast(tokenizer_object=bytewise, eos_token="<|return|>")


def read(prompt: str, completion: str) -> CompletionText:
    encode = tokenizer()
    return CompletionReader(encode).read(encode(prompt)["input_ids"], encode(completion)["input_ids"])


@pytest.mark.parametrize("mode", ["Process", "LCB"])
@pytest.mark.parametrize(("prompt", "completion", "program"), CASES.values(), ids=CASES.keys())
def test_a_program_in_thoughts_is_no_answer(prompt: str, completion: str, program: str | None, mode: str) -> None:
    """Only what follows the thoughts is looked at, whoever opened them and in whatever way they end."""
    found = read(prompt, completion)
    assert found.text == tokenizer().decode(tokenizer()(completion)["input_ids"], skip_special_tokens=True)
    unclosed = mode == "LCB" and completion.count(F) % 2
    assert extract(found.text[found.answer_start :], "LCB" if mode == "LCB" else "Process") == (
        None if unclosed else program
    )


@given(st.sampled_from([PLAIN, TURN, ""]), st.text(st.characters(codec="utf-8", exclude_characters="<")))
def test_without_thoughts_the_text_is_the_answer(prompt: str, answer: str) -> None:
    """A completion without thoughts begins with its answer, whatever it says."""
    assert read(prompt, answer) == CompletionText(answer, 0)


@given(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8", exclude_characters="<")))
def test_what_follows_the_thoughts_is_the_answer(thought: str, answer: str) -> None:
    """Text behind the end of thoughts comes back as it was, special tokens and letters of any width before it."""
    for prompt, completion in (
        (OPEN, f"{thought}<|im_end|></think>{answer}<|im_end|>"),
        (TURN, f"{ANALYSIS}{thought}<|end|>{FINAL}{answer}<|return|>"),
    ):
        found = read(prompt, completion)
        assert found.text[found.answer_start :] == answer
