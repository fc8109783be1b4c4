"""The catalogue of steps that toy programs are made of.

A toy problem says "do this, then that, then print the result". Each step knows three things: how a statement says it,
how Python writes it (several ways, all right: these become the forks of a solution), and what it does to a list (so
that expected outputs come from here and never from running generated code).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["DIGITS", "REDUCTIONS", "STEPS", "Form", "Reduction", "Step", "StepKind"]

Numbers: TypeAlias = list[int]

DIGITS = range(2, 10)


@dataclass(frozen=True, slots=True)
class Form:
    """One way to write a step: an expression over the list `{a}`, an item condition, or an item expression."""

    shape: str
    text: str


@dataclass(frozen=True, slots=True)
class StepKind:
    """A family of steps, such as "keep multiples of k"."""

    name: str
    phrase: str
    forms: tuple[Form, ...]
    apply: Callable[[Numbers, int], Numbers]
    takes_digit: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One step with its constant; `digit` is 0 where the kind takes none."""

    kind: StepKind
    digit: int

    @property
    def id(self) -> str:
        """A short name, unique in the catalogue."""
        return f"{self.kind.name}{self.digit or ''}"

    @property
    def phrase(self) -> str:
        """The sentence in the statement."""
        return self.kind.phrase.format(k=self.digit)

    def apply(self, numbers: Numbers) -> Numbers:
        """What the step does."""
        return self.kind.apply(numbers, self.digit)


@dataclass(frozen=True, slots=True)
class Reduction:
    """How a program ends: the list becomes the answer."""

    name: str
    phrase: str
    code: str
    apply: Callable[[Numbers], int | Numbers]


def _keep(name: str, phrase: str, test: Callable[[int, int], bool], *conditions: str, digit: bool = False) -> StepKind:
    forms = tuple(Form("condition", condition) for condition in conditions)
    return StepKind(name, phrase, forms, lambda a, k: [x for x in a if test(x, k)], digit)


def _each(name: str, phrase: str, value: Callable[[int, int], int], *expressions: str, digit: bool = False) -> StepKind:
    forms = tuple(Form("expression", expression) for expression in expressions)
    return StepKind(name, phrase, forms, lambda a, k: [value(x, k) for x in a], digit)


def _whole(name: str, phrase: str, change: Callable[[Numbers, int], Numbers], *forms: Form) -> StepKind:
    return StepKind(name, phrase, forms, change, "{k}" in phrase)


def _assign(text: str) -> Form:
    return Form("assign", text)


def _call(text: str) -> Form:
    return Form("call", text)


_KINDS = (
    _keep("even", "Keep the even numbers.", lambda x, _: x % 2 == 0, "{x} % 2 == 0", "not {x} % 2"),
    _keep("odd", "Keep the odd numbers.", lambda x, _: x % 2 == 1, "{x} % 2 == 1", "{x} % 2"),
    _keep("positive", "Keep the positive numbers.", lambda x, _: x > 0, "{x} > 0", "0 < {x}"),
    _keep("negative", "Keep the negative numbers.", lambda x, _: x < 0, "{x} < 0", "0 > {x}"),
    _keep("above", "Keep numbers greater than {k}.", lambda x, k: x > k, "{x} > {k}", "{k} < {x}", digit=True),
    _keep("below", "Keep numbers less than {k}.", lambda x, k: x < k, "{x} < {k}", "{k} > {x}", digit=True),
    _keep("multiple", "Keep multiples of {k}.", lambda x, k: x % k == 0, "{x} % {k} == 0", digit=True),
    _keep("other", "Drop multiples of {k}.", lambda x, k: x % k != 0, "{x} % {k} != 0", "{x} % {k}", digit=True),
    _each("add", "Add {k} to each.", lambda x, k: x + k, "{x} + {k}", "{k} + {x}", digit=True),
    _each("subtract", "Subtract {k} from each.", lambda x, k: x - k, "{x} - {k}", digit=True),
    _each("times", "Multiply each by {k}.", lambda x, k: x * k, "{x} * {k}", "{k} * {x}", digit=True),
    _each("modulo", "Take each modulo {k}.", lambda x, k: x % k, "{x} % {k}", digit=True),
    _each("divide", "Divide each by {k}, rounding down.", lambda x, k: x // k, "{x} // {k}", digit=True),
    _each("square", "Square each.", lambda x, _: x * x, "{x} * {x}", "{x} ** 2"),
    _each("negate", "Negate each.", lambda x, _: -x, "-{x}", "0 - {x}"),
    _each("absolute", "Take absolute values.", lambda x, _: abs(x), "abs({x})"),
    _whole("sort", "Sort ascending.", lambda a, _: sorted(a), _assign("sorted({a})"), _call("{a}.sort()")),
    _whole(
        "descend",
        "Sort descending.",
        lambda a, _: sorted(a, reverse=True),
        _assign("sorted({a}, reverse=True)"),
        _call("{a}.sort(reverse=True)"),
    ),
    _whole("reverse", "Reverse the order.", lambda a, _: a[::-1], _assign("{a}[::-1]"), _call("{a}.reverse()")),
    _whole("unique", "Sort the distinct values.", lambda a, _: sorted(set(a)), _assign("sorted(set({a}))")),
    _whole("first", "Take the first {k}.", lambda a, k: a[:k], _assign("{a}[:{k}]")),
    _whole("skip", "Skip the first {k}.", lambda a, k: a[k:], _assign("{a}[{k}:]")),
    _whole("last", "Take the last {k}.", lambda a, k: a[-k:], _assign("{a}[-{k}:]")),
)

STEPS = tuple(Step(kind, digit) for kind in _KINDS for digit in (DIGITS if kind.takes_digit else (0,)))

REDUCTIONS = (
    Reduction("sum", "the sum", "sum({a})", sum),
    Reduction("count", "the count", "len({a})", len),
    Reduction("largest", "the largest or 0", "max({a}, default=0)", lambda a: max(a, default=0)),
    Reduction("smallest", "the smallest or 0", "min({a}, default=0)", lambda a: min(a, default=0)),
    Reduction("list", "the numbers", "{a}", list),
)
