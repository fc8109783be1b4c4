"""The final answer in a text: what it marks as its answer, and, without a mark, what stands where answers stand.

The last mark counts, because a model that corrects itself does so later. Marks are LaTeX's box, tags, four hashes, and
a phrase such as "the answer is"; marks around the text (bold, dollars, backticks) are no part of the answer.
"""

import re
from collections.abc import Iterator

__all__ = ["cleaned", "is_refusal", "lines", "marked"]

BOX = re.compile(r"\\(?:boxed|fbox)\s*\{")
TAG = re.compile(r"<answer>(.*?)</answer>|\[ANSWER\](.*?)\[/ANSWER\]", re.IGNORECASE | re.DOTALL)
HASHES = re.compile(r"^####[ \t]*(\S.*)$", re.MULTILINE)
PHRASE = re.compile(
    r"\b(?:final\s+answer|correct\s+(?:answer|option|choice)|answer|choice)\b[*_\s]*"
    r"(?:is\b|:|=|should\s+be\b)[*_\s]*:?[ \t]*(?P<found>[^\n]+)",
    re.IGNORECASE,
)
REFUSAL = re.compile(
    r"\b(?:i(?:['\u2019]m| am)\s+(?:sorry|afraid|unable|not\s+able)|i\s+(?:can(?:no|['\u2019])t|cannot|won['\u2019]t|"
    r"will\s+not|must\s+decline|decline)|(?:i\s+)?apologi[sz]e|as\s+an\s+ai)\b",
    re.IGNORECASE,
)
BEGINNING = 160
"""Characters in which a refusal shows: who refuses begins with it."""
WRAPPERS = (("**", "**"), ("__", "__"), ("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]"), ("`", "`"))
LATEX_TEXT = re.compile(r"\\(?:text|mathrm|mathbf|textbf|mbox)\s*\{([^{}]*)\}")


def marked(text: str) -> str | None:
    """Return what the text marks as its answer, the last mark of the surest kind; None without any."""
    for found in (_tagged(text), _boxed(text), HASHES.findall(text), _phrased(text)):
        answers = [each for each in found if each.strip()]
        if answers:
            return cleaned(answers[-1])
    return None


def lines(text: str) -> list[str]:
    """Return the lines that say something, without fences and without marks around them."""
    found = (cleaned(line) for line in text.splitlines() if not line.lstrip().startswith("```"))
    return [line for line in found if line]


def cleaned(answer: str) -> str:
    """Return an answer without what is written around it."""
    before, answer = "", answer.strip()
    while answer != before:
        before = answer
        answer = LATEX_TEXT.sub(r"\1", answer).replace("\\!", "").replace("\\,", "").strip()
        for opening, closing in WRAPPERS:
            inside = answer[len(opening) : -len(closing)] if len(answer) > len(opening + closing) else ""
            if answer.startswith(opening) and answer.endswith(closing) and inside and closing not in inside:
                answer = inside.strip()
        if answer.endswith(".") and not answer.endswith("..") and len(answer) > 1:
            answer = answer[:-1].rstrip()
    return answer


def is_refusal(text: str) -> bool:
    """Tell whether a text begins by saying that it will not answer."""
    return REFUSAL.search(text.strip()[:BEGINNING]) is not None


def _tagged(text: str) -> list[str]:
    return [one or other for one, other in TAG.findall(text)]


def _phrased(text: str) -> list[str]:
    return [match["found"] for match in PHRASE.finditer(text)]


def _boxed(text: str) -> Iterator[str]:
    """Yield what is in boxes, whose braces may hold others."""
    for match in BOX.finditer(text):
        depth, end = 1, match.end()
        while end < len(text) and depth:
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            end += 1
        if not depth:
            yield text[match.end() : end - 1]
