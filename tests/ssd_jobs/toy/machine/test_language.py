"""Laws of the machine's programs."""

import numpy as np

from ssd_jobs.toy.machine import language, problems


def test_exactly_two_programs_are_right() -> None:
    """Of all 16^5 programs, the two with the right words give the right output on every input, and no other does."""
    outcomes = np.array(problems.INPUTS)[:, None]
    for _ in range(language.DECISIONS):
        outcomes = np.stack([_applied(word, outcomes) for word in language.WORDS], axis=-1).reshape(len(outcomes), -1)
    wanted = np.array([problems.answer(number) for number in problems.INPUTS])
    right = np.flatnonzero((outcomes == wanted[:, None]).all(axis=0))
    assert [_words(int(place)) for place in right] == [_best(root) for root in range(2)]


def test_a_decision_ranks_every_word_once_and_differently() -> None:
    """Each decision orders all words, and no word keeps its rank in all of them."""
    orders = [language.ranked(decision) for decision in range(language.DECISIONS)]
    assert all(sorted(order) == sorted(language.WORDS) for order in orders)
    assert all(len({order.index(word) for order in orders}) > 1 for word in language.WORDS)


def test_a_program_is_python_that_computes_its_words() -> None:
    """What is written is what is run: the text of a right program prints the answer."""
    fence = language.program(_best(1))
    assert fence.startswith("```python\n")
    for number in problems.INPUTS:
        printed: list[int] = []
        source = fence.removeprefix("```python\n").removesuffix("\n```")
        exec(source, {"input": lambda given=number: str(given), "print": printed.append})
        assert printed == [problems.answer(number)]


def test_pool_and_benchmark_share_no_problem() -> None:
    """Ids and statements are unique, over both."""
    both = [*problems.pool(), *problems.benchmark()]
    assert len({name for name, _ in both}) == len({text for _, text in both}) == len(both)


def _applied(word: str, numbers: np.ndarray) -> np.ndarray:
    return np.asarray(eval(f"numbers{word}", {"numbers": numbers}))


def _words(place: int) -> tuple[str, ...]:
    digits = [place // len(language.WORDS) ** power % len(language.WORDS) for power in reversed(range(5))]
    return tuple(language.WORDS[digit] for digit in digits)


def _best(root: int) -> tuple[str, ...]:
    return (language.ranked(0)[root], *(language.ranked(decision)[0] for decision in range(1, language.DECISIONS)))
