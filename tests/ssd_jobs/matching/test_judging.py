"""Answers as models write them, each with the finding that is right; wrong ones and refusals among them."""

import json

import pytest

from ssd_jobs.matching import judge

CHOICES = ["London", "Berlin", "Paris", "Rome"]
FORMATS = [
    ("integer", "42", r"Therefore the sum is \boxed{42}.", "right"),
    ("integer", "42", r"We get $\boxed{042}$", "right"),
    ("integer", "42", "**Final Answer:** 42", "right"),
    ("integer", "42", "The final answer is **42**.", "right"),
    ("integer", "42", "The answer is $42$.", "right"),
    ("integer", "1024", "#### 1,024", "right"),
    ("integer", "42", "<answer> 42.0 </answer>", "right"),
    ("integer", "-7", "Answer: \u22127", "right"),
    ("integer", "7", "The answer is 3 + 4 = 7.", "right"),
    ("integer", "42", "Adding them up gives 40 + 2\n\n42", "right"),
    ("integer", "42", r"First I thought \boxed{41}, but it is \boxed{42}.", "right"),
    ("integer", "42", r"\boxed{\text{42}}", "right"),
    ("integer", "42", r"The answer is \(42^\circ\).", "right"),
    ("integer", "42", r"\boxed{\frac{42}{1}} is not asked", "wrong"),
    ("integer", "42", "The answer is 42.5", "wrong"),
    ("integer", "42", r"\boxed{43}, although 42 was close", "wrong"),
    ("integer", "42", "It cannot be determined.", "none"),
    ("choice", "C", "C", "right"),
    ("choice", "C", "(C)", "right"),
    ("choice", "C", "C. Paris", "right"),
    ("choice", "C", "The correct answer is **C**.", "right"),
    ("choice", "C", "The answer is (C) Paris.", "right"),
    ("choice", "C", "Answer: c", "right"),
    ("choice", "C", r"\boxed{\text{C}}", "right"),
    ("choice", "C", "The correct option is Paris.", "right"),
    ("choice", "C", "A is in England, so the answer must be found elsewhere.\n\nAnswer: C", "right"),
    ("choice", "A", "The answer is A) London, not B.", "right"),
    ("choice", "C", "The answer is A.", "wrong"),
    ("choice", "C", "A capital is asked for.", "none"),
    ("value", "[1, 2, 3]", "[ANSWER][1,2,3][/ANSWER]", "right"),
    ("value", "{'a': 1}", 'The answer is `{"a": 1}`', "right"),
    ("value", "'abc'", "assert f('x') == 'abc'", "right"),
    ("value", "1/2", r"The answer is $\frac{1}{2}$.", "right"),
    ("value", "0.5", "Answer: 1/2", "right"),
    ("value", "[1, 2, 3]", "[ANSWER](1, 2, 3)[/ANSWER]", "wrong"),
    ("value", "'abc'", "[ANSWER]'abd'[/ANSWER]", "wrong"),
    ("text", "Paris", "Paris", "right"),
    ("text", "Paris", "Let me think.\n\nAnswer: Paris", "right"),
    ("text", "Paris", "paris", "wrong"),
    ("text", "Paris", "I'm sorry, but I can't help with that.", "refused"),
    ("integer", "42", "I cannot assist with this request in 2026.", "refused"),
    ("choice", "C", "As an AI, I must decline to choose.", "refused"),
    ("integer", "42", "I'm sorry for the detour. The answer is 42.", "right"),
]


@pytest.mark.parametrize(("form", "expected", "text", "outcome"), FORMATS)
def test_an_answer_is_found_and_compared(form: str, expected: str, text: str, outcome: str) -> None:
    """However it is written, what is marked counts, and nothing is taken for an answer that is none."""
    asked = json.dumps({"form": form, "choices": CHOICES if form == "choice" else []})
    assert judge(text, asked, expected).outcome == outcome
