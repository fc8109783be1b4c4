"""Right and nearly right solutions of toy problems, as a model would write them.

Several ways of writing the same thing (names, comprehension or filter, `sorted` or `.sort`) are the *forks* of a
solution: any choice is right. All other tokens are *locks*: one is right. The base model is trained on solutions whose
locks were spoiled at random, so it knows what to do and puts a part of its probability on mistakes; that is the
situation in which simple self-distillation has something to gain.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import NamedTuple

from ssd_jobs.toy.steps import DIGITS, REDUCTIONS, STEPS, Form, Step
from ssd_jobs.toy.tasks import FUNCTION_NAME, Recipe

__all__ = ["NONE", "Mistakes", "completion", "program"]

_LISTS = ("a", "xs", "nums", "data")
_ITEMS = ("x", "n", "v")
_OPERATORS = ("+", "-", "*", "//", "%", "==", "!=", "<", ">")


@dataclass(frozen=True, slots=True)
class Mistakes:
    """How often each kind of slip happens, each a probability per opportunity; the default never slips."""

    step: float = 0.0
    digit: float = 0.0
    operator: float = 0.0
    reduction: float = 0.0
    skip: float = 0.0
    repeat: float = 0.0


NONE = Mistakes()


class Names(NamedTuple):
    """What a program calls its list and the item of it."""

    numbers: str
    item: str


def completion(recipe: Recipe, rng: random.Random, mistakes: Mistakes = NONE) -> str:
    """A program in the fence that graders look for."""
    return f"```python\n{program(recipe, rng, mistakes)}\n```"


def program(recipe: Recipe, rng: random.Random, mistakes: Mistakes = NONE) -> str:
    """A program for the recipe, in a style of the generator's choice, with slips as often as asked."""
    names = Names(rng.choice(_LISTS), rng.choice(_ITEMS))
    body = [line for step in recipe.steps for line in _lines(step, names, rng, mistakes)]
    reduction = rng.choice(REDUCTIONS) if rng.random() < mistakes.reduction else recipe.reduction
    result = reduction.code.format(a=names.numbers)
    if recipe.kind == "functional":
        inner = [f"        {line}" for line in (*body, f"return {result}")]
        return "\n".join(["class Solution:", f"    def {FUNCTION_NAME}(self, {names.numbers}):", *inner])
    shown = f"*{names.numbers}" if reduction.name == "list" else result
    return "\n".join([f"{names.numbers} = list(map(int, input().split()))", *body, f"print({shown})"])


def _lines(step: Step, names: Names, rng: random.Random, mistakes: Mistakes) -> list[str]:
    if rng.random() < mistakes.step:
        step = rng.choice(STEPS)
    digit = rng.choice(DIGITS) if step.digit and rng.random() < mistakes.digit else step.digit
    line = _line(rng.choice(step.kind.forms), names, digit, rng, mistakes)
    if rng.random() < mistakes.skip:
        return []
    return [line, line] if rng.random() < mistakes.repeat else [line]


def _line(form: Form, names: Names, digit: int, rng: random.Random, mistakes: Mistakes) -> str:
    name, item = names
    text = _slip(form.text, rng, mistakes).format(a=name, x=item, k=digit)
    comprehension = rng.random() < 0.5
    match form.shape:
        case "call":
            return text
        case "assign":
            return f"{name} = {text}"
        case "condition" if comprehension:
            return f"{name} = [{item} for {item} in {name} if {text}]"
        case "condition":
            return f"{name} = list(filter(lambda {item}: {text}, {name}))"
        case _ if comprehension:
            return f"{name} = [{text} for {item} in {name}]"
        case _:
            return f"{name} = list(map(lambda {item}: {text}, {name}))"


def _slip(text: str, rng: random.Random, mistakes: Mistakes) -> str:
    """Exchange each operator for another one as often as asked."""
    words = text.split(" ")
    return " ".join(
        rng.choice(_OPERATORS) if word in _OPERATORS and rng.random() < mistakes.operator else word for word in words
    )
