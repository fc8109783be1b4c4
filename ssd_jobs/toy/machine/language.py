"""How the machine writes: sixteen words, and a Python program of five of them.

Each decision of the machine appends one operation to a running number. Which operation is the right one differs from
decision to decision, and so does the order in which the others follow it, so that a word tells nothing about its rank.
At the root two words are right, since doubling and shifting by one do the same; everywhere else one is.
"""

from typing import Final

__all__ = ["CLOSE", "DECISIONS", "LINKS", "OPEN", "WORDS", "program", "ranked"]

WORDS: Final = (
    " * 2",
    " << 1",
    " + 5",
    " - 11",
    " * 3",
    " ^ 9",
    " + 23",
    " * 7",
    " | 33",
    " & 61",
    " // 3",
    " % 101",
    " - 47",
    " ^ 70",
    " // 5",
    " % 37",
)
_RIGHT: Final = ((" * 2", " << 1"), (" + 5",), (" * 7",), (" & 61",), (" - 11",))
"""The right words of each decision: the root, the fork, and three locks."""
DECISIONS: Final = len(_RIGHT)

OPEN: Final = "```python\na = int(input())\nb = a"
"""What stands before the first word."""
LINKS: Final = ("\nc = b", "\nd = c", "\ne = d", "\nf = e")
"""What stands between two words: another variable each time, so that a line says which decision comes next."""
CLOSE: Final = "\nprint(f)\n```"
"""What stands behind the last word."""
_SHIFT: Final = 3
"""By how many places the order of the wrong words differs from one decision to the next."""


def ranked(decision: int) -> tuple[str, ...]:
    """Return the words in the machine's order at a decision: token 0 first, and at the root token 1 is right too."""
    right = _RIGHT[decision]
    wrong = [word for word in WORDS if word not in right]
    start = decision * _SHIFT % len(wrong)
    return (*right, *wrong[start:], *wrong[:start])


def program(words: tuple[str, ...]) -> str:
    """Return the program of five words, in the fence that graders look for."""
    first, *others = words
    return OPEN + first + "".join(link + word for link, word in zip(LINKS, others, strict=True)) + CLOSE
