"""What each token of an answer is: which class of Python's tokens in the program that is graded, or text around it."""

import io
import keyword
import tokenize
from collections.abc import Iterator, Sequence
from itertools import accumulate

from ssd_jobs.models.answers import DecodingTokenizer, answer_start
from ssd_jobs.programs import extraction
from ssd_jobs.sandbox.protocol import Mode

__all__ = ["CLASSES", "TEXT", "Words", "classes_of", "python_classes"]

TEXT, LAYOUT = "text", "layout"
CLASSES = ("keyword", "name", "number", "string", "operator", "comment", LAYOUT, TEXT)
"""Layout is line ends and indentation; text is what no program has, and what Python could not read."""
OF_TYPE = {
    tokenize.NUMBER: "number",
    tokenize.STRING: "string",
    tokenize.OP: "operator",
    tokenize.COMMENT: "comment",
}
PROMPT_END = 32
"""Tokens of the prompt that may say that the answer begins inside thoughts."""


class Words:
    """The texts of a tokenizer's tokens, each on its own, so that they add up to a text in which tokens have places."""

    def __init__(self, tokenizer: DecodingTokenizer) -> None:
        self._tokenizer = tokenizer
        self._special = {number for number, each in tokenizer.added_tokens_decoder.items() if each.special}
        self._known: dict[int, str] = {}

    def text(self, token: int) -> str:
        """Return a token's text inside of others: some tokenizers drop the blank before a text's first one."""
        if token not in self._known:
            once, twice = (self._decoded([token] * times) for times in (1, 2))
            self._known[token] = twice[len(once) :]
        return self._known[token]

    def classes(self, prompt: Sequence[int], completion: Sequence[int], mode: Mode) -> list[str]:
        """Return the class of each token of an answer."""
        raw = [self.text(token) for token in completion]
        before = "".join(self.text(token) for token in prompt[-PROMPT_END:])
        start = answer_start(before, "".join(raw))
        begins = [0, *accumulate(map(len, raw))]
        shown = ["" if token in self._special else text for token, text in zip(completion, raw, strict=True)]
        first = next((place for place, begin in enumerate(begins) if begin >= start), len(raw))
        return [TEXT] * first + classes_of(shown[first:], mode)

    def _decoded(self, tokens: list[int]) -> str:
        return str(self._tokenizer.decode(tokens, skip_special_tokens=False, clean_up_tokenization_spaces=False))


def classes_of(texts: Sequence[str], mode: Mode) -> list[str]:
    """Return the class of each token of an answer by its text: that of its first character that is not blank."""
    answer = "".join(texts)
    code = extraction.extract(answer, mode)
    place = answer.rfind(code) if code else -1
    characters = [TEXT] * len(answer)
    if code and place >= 0:
        characters[place : place + len(code)] = python_classes(code)
    begins = accumulate((len(text) for text in texts), initial=0)
    return [_of_token(text, characters[begin : begin + len(text)]) for begin, text in zip(begins, texts, strict=False)]


def python_classes(code: str) -> list[str]:
    """Return the class of each character of a program; what Python cannot read is text."""
    lines = code.splitlines(keepends=True)
    starts = [0, *accumulate(map(len, lines))]
    found = [LAYOUT if character.isspace() else TEXT for character in code]
    for kind, begin, end in _tokens(code):
        first, last = (starts[min(row - 1, len(starts) - 1)] + column for row, column in (begin, end))
        found[first:last] = [kind] * (min(last, len(found)) - first)
    return found


def _tokens(code: str) -> Iterator[tuple[str, tuple[int, int], tuple[int, int]]]:
    """Yield class, begin and end of Python's tokens, as far as it can read them."""
    try:
        for token in tokenize.generate_tokens(io.StringIO(code).readline):
            kind = _class(token)
            if kind:
                yield kind, token.start, token.end
    except (tokenize.TokenError, SyntaxError):
        return


def _class(token: tokenize.TokenInfo) -> str:
    """Return the class of a token of Python's, empty for layout."""
    if token.type == tokenize.NAME:
        return "keyword" if keyword.iskeyword(token.string) else "name"
    if tokenize.tok_name[token.type].startswith("FSTRING"):
        return "string"
    return OF_TYPE.get(token.type, "")


def _of_token(text: str, classes: Sequence[str]) -> str:
    """Return the class of a token from those of its characters."""
    solid = [each for character, each in zip(text, classes, strict=True) if not character.isspace()]
    return (solid or list(classes) or [TEXT])[0]
