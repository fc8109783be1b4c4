"""A completion as text, and where in it the answer begins: after the model's thoughts.

Only here are special tokens still seen, which say that better than text does. Thoughts are what stands before the last
`</think>`, whether the prompt opened them or the completion did, or every channel but `final` in the format of
gpt-oss. Thoughts that never end are the whole completion: a program in them is no answer.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

__all__ = ["CompletionReader", "CompletionText", "answer_start"]

OPENED, CLOSED = "<think>", "</think>"
CHANNEL = re.compile(r"<\|channel\|>\s*(\w+)[^<]*(?:<\|constrain\|>[^<]*)?<\|message\|>")
PROMPT_END = 32
"""Tokens of the prompt that may say that the completion begins inside thoughts."""


class DecodingTokenizer(Protocol):
    """What is used of a tokenizer."""

    added_tokens_decoder: Any

    def decode(self, token_ids: Any, **arguments: Any) -> Any:
        """Return the text of tokens."""


@dataclass(frozen=True, slots=True)
class CompletionText:
    """A completion without special tokens."""

    text: str
    answer_start: int
    """Where in `text` the answer begins; its length where none came."""


class CompletionReader:
    """The way from the tokens of a completion to its text."""

    def __init__(self, tokenizer: DecodingTokenizer) -> None:
        self._tokenizer = tokenizer
        special = [str(each) for each in tokenizer.added_tokens_decoder.values() if each.special]
        self._special = re.compile("|".join(map(re.escape, sorted(special, key=len, reverse=True))) or r"(?!)")

    def read(self, prompt: Sequence[int], completion: Sequence[int]) -> CompletionText:
        """Return the completion's text; the prompt's tokens tell whether the model was thinking from the start."""
        text = str(self._tokenizer.decode(completion, skip_special_tokens=True))
        before, raw = (
            str(self._tokenizer.decode(tokens, skip_special_tokens=False))
            for tokens in (prompt[-PROMPT_END:], completion)
        )
        start = answer_start(before, raw)
        answer = self._special.sub("", raw[start:])
        return CompletionText(text, max(0, len(text) - len(answer)) if start else 0)


def answer_start(prompt_end: str, completion: str) -> int:
    """Return where the answer begins in a completion that still has its special tokens."""
    offset = len(prompt_end)
    channels = list(CHANNEL.finditer(prompt_end + completion))
    if channels:
        ends = [each.end() - offset for each in channels if each[1] == "final"]
        return max(0, ends[-1]) if ends else len(completion)
    closed = completion.rfind(CLOSED)
    if closed >= 0:
        return closed + len(CLOSED)
    opened = prompt_end.rstrip().endswith(OPENED) or completion.lstrip().startswith(OPENED)
    return len(completion) if opened else 0
