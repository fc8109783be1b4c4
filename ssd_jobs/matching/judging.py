"""The forms of answers, and a finding on each: right, wrong, none, or refused.

* `integer`: a whole number, however it is written (042, 1,024, 42.0).
* `choice`: the letter of an option, or the text of one.
* `value`: a number, a fraction, or a literal of Python, compared by what it means.
* `text`: exactly this text.
* `rule`: the whole text must follow a rule (`rules`).
* `call`: the arguments of a call, of which only a run of it can tell whether they are right (`calls`).

What is not found is `none`, and a text that begins by declining is `refused`, unless it marks an answer all the same.
"""

import ast
import json
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, Literal, get_args

from ssd_jobs.errors import BadInput
from ssd_jobs.matching import calls, rules
from ssd_jobs.matching.finding import cleaned, is_refusal, lines, marked

__all__ = ["FORMS", "Finding", "Form", "check_expected", "judge", "proven"]

Form = Literal["integer", "choice", "value", "text", "rule", "call"]
FORMS: Final[tuple[Form, ...]] = get_args(Form)
Outcome = Literal["right", "wrong", "none", "refused", "unjudged"]

WHOLE = re.compile(r"[-+\u2212]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.0+)?(?![\d.]*\d)")
FRACTION = re.compile(r"\\[dt]?frac\s*\{\s*([-+]?\d+)\s*\}\s*\{\s*(\d+)\s*\}")
LETTER = re.compile(r"(?<![A-Za-z])\(?([A-J])\)?(?![A-Za-z'\u2019])")
ALONE = re.compile(r"(?:option\s+|answer\s+)?[(\[]?([A-Ja-j])(?:[)\].:]|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found in a text."""

    outcome: Outcome
    answer: str
    """The answer as the text has it; empty where there is none."""
    reason: str
    """Why it is not right, for a person."""


def judge(text: str, form: str, expected: str) -> Finding:
    """Compare the answer in a text with the expected one; `form` is JSON, as a test's input holds it."""
    asked = json.loads(form)
    kind: Form = asked["form"]
    if kind == "rule":
        return _followed(text, expected)
    answer = marked(text)
    if answer is None and is_refusal(text):
        return Finding("refused", "", "the text declines to answer")
    if kind == "call":
        return _called(text, answer, asked["function"])
    found = _candidates(text, answer, kind)
    if not found:
        return Finding("none", "", "the text holds no answer")
    if any(_equal(each, expected, kind, asked.get("choices", [])) for each in found):
        return Finding("right", found[0], "")
    return Finding("wrong", found[0], "the answer is not the expected one")


def check_expected(form: str, expected: str) -> str:
    """Return why nothing can be compared with an expected answer; empty where it can."""
    try:
        asked = json.loads(form)
        kind = asked["form"]
    except (ValueError, KeyError, TypeError):
        return "has a form that is no JSON object with a form"
    if kind not in FORMS:
        return f"has the form {kind!r:.40}; use {', '.join(FORMS)}"
    if kind == "rule":
        return rules.unknown(expected)
    return calls.unknown(asked, expected) if kind == "call" else _unfit(kind, expected)


def _unfit(kind: Form, expected: str) -> str:
    """Return why an expected answer is none of its form; empty where it is one."""
    if kind == "integer" and _whole(expected) is None:
        return f"expects {expected!r:.40}, which is no whole number"
    if kind == "choice" and not re.fullmatch("[A-J]", expected):
        return f"expects {expected!r:.40}, which is no letter from A to J"
    return ""


def proven() -> None:
    """Raise where judging does not tell right from wrong, here and now."""
    for form, right, wrong, expected in (
        ("integer", r"so \boxed{042}", "the answer is 43", "42"),
        ("choice", "The answer is (C).", "Answer: A", "C"),
        ("value", "[ANSWER][1, 2][/ANSWER]", "[ANSWER][2, 1][/ANSWER]", "[1,2]"),
        ("text", "Paris", "Rome", "Paris"),
        ("rule", "no comma here", "one, two", '{"id": "punctuation:no_comma", "args": {}}'),
    ):
        asked = json.dumps({"form": form})
        if judge(right, asked, expected).outcome != "right" or judge(wrong, asked, expected).outcome != "wrong":
            raise BadInput(f"grading does not tell right from wrong for answers of the form {form}: nothing was graded")


def _called(text: str, answer: str | None, function: str) -> Finding:
    """Return the call that a text gives, which is still to be run."""
    call = calls.call_of(text, answer, function)
    return Finding("unjudged", call, "") if call else Finding("none", "", f"the text holds no call of {function}")


def _candidates(text: str, answer: str | None, kind: Form) -> list[str]:
    """Return what may be meant as the answer: what is marked, else what stands where answers stand."""
    if answer is not None:
        return [answer] if kind != "text" else [answer, text.strip()]
    if kind == "text":
        return [each for each in (text.strip(), *lines(text)[-1:]) if each]
    said = lines(text)
    if kind == "choice":
        return [line for line in (said[:1] + said[-1:]) if ALONE.match(line)]
    if kind == "integer":
        numbers = [match[0] for line in said for match in WHOLE.finditer(line)]
        return numbers[-1:]
    return said[-1:]


def _equal(answer: str, expected: str, kind: Form, choices: list[str]) -> bool:
    if kind == "integer":
        return _whole(answer) is not None and _whole(answer) == _whole(expected)
    if kind == "choice":
        return _letter(answer, choices) == expected
    if kind == "value":
        return _same_value(answer, expected)
    return answer == expected


def _whole(answer: str) -> int | None:
    """Return the whole number that an answer comes to: what stands after its last equals sign."""
    found = [match[0] for match in WHOLE.finditer(answer.rpartition("=")[2])]
    if not found or FRACTION.search(answer):
        return None
    return int(found[0].replace(",", "").replace("\u2212", "-").split(".")[0])


def _letter(answer: str, choices: list[str]) -> str:
    """Return the letter of the option that an answer names, empty for none."""
    said = " ".join(answer.split()).casefold()
    for number, choice in enumerate(choices):
        if said == " ".join(choice.split()).casefold():
            return chr(ord("A") + number)
    alone = ALONE.match(answer)
    if alone:
        return alone[1].upper()
    found = LETTER.search(answer)
    return found[1] if found else ""


def _same_value(answer: str, expected: str) -> bool:
    wanted = _meaning(expected)
    for text in (answer, answer.rpartition("==")[2], answer.rpartition("=")[2]):
        found = _meaning(cleaned(text))
        if found == wanted and (found[0] != "text" or text.strip() == expected.strip()):
            return True
    return False


def _meaning(text: str) -> tuple[str, Any]:
    """Return what a value means: a number, a literal, or just its text."""
    plain = FRACTION.sub(r"\1/\2", text).strip()
    try:
        return "number", Fraction(
            plain.replace(",", "") if re.fullmatch(r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?", plain) else plain
        )
    except (ValueError, ZeroDivisionError):
        pass
    try:
        literal = ast.literal_eval(plain)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return "text", plain
    return "literal", literal


def _followed(text: str, expected: str) -> Finding:
    """Return whether a text follows a rule; declining is not following."""
    if not text.strip():
        return Finding("none", "", "the text is empty")
    if is_refusal(text):
        return Finding("refused", "", "the text declines to answer")
    rule = json.loads(expected)
    if rules.follows(text, rule["id"], rule["args"]):
        return Finding("right", text, "")
    return Finding("wrong", text, f"does not follow {rule['id']}")
