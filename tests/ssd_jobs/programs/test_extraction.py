"""Which fenced block of an answer is the program, by both rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssd_jobs.stages.grade import extract

F = "```"
CASES = {
    "one block": (f"text\n{F}python\nx = 1\n{F}\n", "x = 1", "x = 1"),
    "last of two": (f"{F}python\nx = 1\n{F}\nor\n{F}python\nx = 2\n{F}", "x = 2", "x = 2"),
    "python3 tag": (f"{F}python3\nx = 1\n{F}", "x = 1", "x = 1"),
    "blank tag": (f"{F}\nx = 1\n{F}", "x = 1", "x = 1"),
    "tag with space after": (f"{F}python \nx = 1\n{F} ", "x = 1", "x = 1"),
    "capital tag": (f"{F}Python\nx = 1\n{F}", "x = 1", "x = 1"),
    "windows line ends": (f"{F}python\r\nx = 1\r\n{F}\r\n", "x = 1", "x = 1\r"),
    "unclosed last fence": (f"{F}python\nx = 1\n{F}\nbetter:\n{F}python\nx = 2", "x = 2", "better:"),
    "only an unclosed fence": (f"so\n{F}python\nx = 1\n", "x = 1\n", None),
    "output after the program": (f"{F}python\nx = 1\n{F}\nprints\n{F}text\n1\n{F}", "x = 1", "1"),
    "untagged output after it": (f"{F}python\nx = 1\n{F}\nprints\n{F}\n3\n{F}", "x = 1", "3"),
    "untagged blocks alone": (f"{F}\nx = 1\n{F}\nor\n{F}\nx = 2\n{F}", "x = 2", "x = 2"),
    "tildes": ("~~~python\nx = 1\n~~~\n", "x = 1", None),
    "tildes within backticks": (f"{F}python\nx = 1\n~~~\ny = 2\n{F}", "x = 1\n~~~\ny = 2", "x = 1\n~~~\ny = 2"),
    "a title underlined by tildes": (f"Answer\n~~~~~~\n{F}python\nx = 1\n{F}", "x = 1", "x = 1"),
    "shell after the program": (f"{F}python\nx = 1\n{F}\n{F}bash\npython x.py\n{F}", "x = 1", "python x.py"),
    "fence inside a string": (f"{F}python\nx = '{F}'\ny = 1\n{F}", f"x = '{F}'\ny = 1", "y = 1"),
    "longer fence": (f"{F}{F}python\nx = '''\n{F}\n'''\n{F}{F}", f"x = '''\n{F}\n'''", "'''"),
    "indented fence": (f"1. So\n   {F}python\nx = 1\n   {F}", "x = 1", "x = 1"),
    "block in a list": (
        f"1. So\n   {F}python\n   def f():\n       pass\n   {F}",
        "def f():\n    pass",
        "   def f():\n       pass",
    ),
    "block deep in a list": (f"- a\n\n    {F}python\n    x = 1\n    {F}\n", "x = 1", "    x = 1"),
    "fence in an indented text": (
        f'{F}python\ndef f():\n    """\n    {F}\n    """\n{F}',
        f'def f():\n    """\n    {F}\n    """',
        '    """',
    ),
    "inline code is no block": (f"use {F}x = 1{F} here", None, None),
    "no block": ("x = 1", None, None),
    "empty block": (f"{F}python\n\n{F}", None, None),
    "nothing": ("", None, None),
}


@pytest.mark.parametrize(("text", "process", "official"), CASES.values(), ids=CASES.keys())
def test_both_rules(text: str, process: str | None, official: str | None) -> None:
    """Each rule finds the program that the table says."""
    assert extract(text, "Process") == process
    assert extract(text, "LCB") == official


@given(st.text(alphabet="ab \n", min_size=1).filter(lambda code: code.strip() != ""), st.text(alphabet="xyz. \n"))
def test_a_closed_block_comes_back_whole(code: str, prose: str) -> None:
    """Whatever stands in the last closed block is the program, by both rules, whatever prose surrounds it."""
    text = f"{prose}\n```python\n{code}\n```\n{prose}"
    assert extract(text, "Process") == code
    assert extract(text, "LCB") == code


@given(st.text(alphabet="ab \n", min_size=1).filter(lambda code: code.strip() != ""), st.integers(0, 9))
def test_an_indented_block_is_the_same_program(code: str, width: int) -> None:
    """However deep in a list a block stands, its program is the one that stands at the margin."""
    lines = ["```python", *code.split("\n"), "```"]
    text = "\n".join(" " * width + line for line in lines)
    assert extract(f"So:\n{text}\n", "Process") == code


@given(st.text())
def test_any_text_is_taken(text: str) -> None:
    """Extraction never raises and never returns blank text."""
    for mode in ("Process", "LCB"):
        code = extract(text, mode)
        assert code is None or code.strip()
