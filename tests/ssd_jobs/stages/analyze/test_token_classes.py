"""The class of a token is that of Python's own tokenizer, as far as it can read the program."""

import io
import keyword
import tokenize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssd_jobs.stages.analyze.token_classes import CLASSES, LAYOUT, TEXT, Words, classes_of, python_classes

PROGRAM = 'def f(x):\n    # twice\n    return "a b" + 2 * x\n'
EXPECTED = [
    ("def", "keyword"),
    ("x", "name"),
    ("(", "operator"),
    ("# twice", "comment"),
    ("return", "keyword"),
    ('"a b"', "string"),
    ("2", "number"),
    ("\n    ", LAYOUT),
]


@pytest.mark.parametrize(("piece", "kind"), EXPECTED)
def test_every_kind_of_token_has_its_class(piece: str, kind: str) -> None:
    """Keywords, names, numbers, strings, operators, comments and layout are told apart."""
    place = PROGRAM.index(piece)
    assert set(python_classes(PROGRAM)[place : place + len(piece)]) == {kind}


@given(st.text(alphabet="ab(=:'\"\n\t #1f{}\\é", max_size=60))
def test_whatever_a_model_writes_has_a_class_for_each_character(code: str) -> None:
    """A broken program is no error."""
    found = python_classes(code)
    assert len(found) == len(code)
    assert {*found} <= {*CLASSES}


@given(st.lists(st.integers(1, 7), min_size=1, max_size=60))
def test_tokens_have_the_class_of_their_first_solid_character(cuts: list[int]) -> None:
    """However an answer is cut into tokens, text around the program is text, and tokens in it are Python's."""
    answer = f"So:\n```python\n{PROGRAM}```\nDone."
    pieces, rest = [], answer
    for cut in cuts:
        pieces.append(rest[:cut])
        rest = rest[cut:]
    pieces.append(rest)
    found = classes_of(pieces, "Process")
    start = answer.index("def")
    exact = [TEXT] * start + python_classes(PROGRAM[:-1]) + [TEXT] * (len(answer) - start - len(PROGRAM) + 1)
    place = 0
    for piece, kind in zip(pieces, found, strict=True):
        own = exact[place : place + len(piece)]
        solid = [each for letter, each in zip(piece, own, strict=True) if not letter.isspace()]
        assert kind == (solid or own or [TEXT])[0]
        place += len(piece)
    names = [
        each.string for each in tokenize.generate_tokens(io.StringIO(PROGRAM).readline) if each.type == tokenize.NAME
    ]
    assert {name for name in names if keyword.iskeyword(name)} == {"def", "return"}


class _Blanks:
    """A tokenizer that drops the blank before a text's first token, as those of sentencepiece do."""

    class _Special:
        special = True

    added_tokens_decoder = {9: _Special()}  # noqa: RUF012

    def decode(self, token_ids: list[int], **_arguments: object) -> str:
        """Return the text of tokens."""
        texts = {0: " x", 1: "=", 2: " 1", 3: "```python\n", 4: "\n```", 5: "</think>", 6: "hm\n", 9: "<end>"}
        return "".join(texts[each] for each in token_ids).removeprefix(" ")


def test_a_token_has_its_blank_wherever_it_stands() -> None:
    """Texts of tokens add up to the text, and a special token behind the fence does not keep it open."""
    words = Words(_Blanks())
    assert "".join(map(words.text, [0, 1, 2])) == " x= 1"
    classes = words.classes([], [6, 3, 0, 5, 6, 3, 0, 1, 2, 4, 9], "Process")
    assert classes == [*[TEXT] * 6, "name", "operator", "number", TEXT, TEXT]
