"""Laws of the machine's shipped model: it has the paper's probabilities."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from ssd_jobs.models import loading
from ssd_jobs.theory import machine
from ssd_jobs.theory.distributions import keep, temper, top_p
from ssd_jobs.toy import base_model
from ssd_jobs.toy.machine import language, problems

MOST_ERROR = 5e-4
"""0.05 points: the fork's branches are 0.4 points apart."""
DRAWN = 40


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(base_model.directory(base_model.MACHINE), local_files_only=True)


@pytest.fixture(scope="module")
def answers(tokenizer: Any) -> tuple[torch.Tensor, NDArray[np.float64]]:
    """Prompts with answers of any words, and the logits before each token of an answer."""
    rng = np.random.default_rng(0)
    drawn = [
        (problems.statement(int(number)), tuple(rng.choice(language.WORDS, size=language.DECISIONS)))
        for number in rng.integers(0, 99_999, DRAWN)
    ]
    texts = [_chat(tokenizer, statement) + language.program(words) + tokenizer.eos_token for statement, words in drawn]
    tokens = torch.tensor(tokenizer(texts).input_ids)
    model = loading.load(base_model.directory(base_model.MACHINE), dtype=torch.float32)
    with torch.no_grad():
        logits = model(input_ids=tokens).logits.double().numpy()
    start = len(tokenizer(_chat(tokenizer, problems.statement(0))).input_ids)
    return tokens[:, start:], logits[:, start - 1 : -1]


def test_the_files_are_those_that_were_built() -> None:
    """The digests cover the shipped files, and the model is small."""
    directory = base_model.directory(base_model.MACHINE)
    assert sum(path.stat().st_size for path in directory.iterdir()) < 500_000


def test_every_context_has_the_machines_probabilities(tokenizer: Any, answers: Any) -> None:
    """Whatever the number and the words so far, no probability is off by 0.05 points, and order is kept."""
    _, logits = answers
    contexts = machine.teacher()
    for decision, wanted in enumerate((contexts.root, contexts.fork, *[contexts.lock] * machine.LOCKS)):
        ids = tokenizer.convert_tokens_to_ids(list(language.ranked(decision)))
        found = _softmax(logits[:, 1 + 2 * decision])[:, ids]
        assert np.abs(found - wanted).max() < MOST_ERROR
        distinct = np.abs(np.subtract.outer(wanted, wanted)) > 1e-9
        kept = np.sign(found[:, :, None] - found[:, None, :]) == np.sign(np.subtract.outer(wanted, wanted))
        assert kept[:, distinct].all()


@pytest.mark.parametrize("temperature", [0.5, 0.6, 0.7, 0.9])
def test_decoding_alone_reaches_what_the_teacher_does(tokenizer: Any, answers: Any, temperature: float) -> None:
    """Cut at top-p 0.8, the model's own chance of a right program is the paper's teacher's, to 0.1 points."""
    _, logits = answers
    chance = 1.0
    for decision in range(language.DECISIONS):
        ids = tokenizer.convert_tokens_to_ids(list(language.ranked(decision)))
        tempered = temper(_softmax(logits[0, 1 + 2 * decision])[ids], temperature)
        policy = keep(tempered, top_p(tempered, machine.PAPER.evaluation_mass))
        chance *= policy[: 2 if decision == 0 else 1].sum()
    wanted = machine.success(machine.teacher(), temperature, machine.PAPER.evaluation_mass)
    assert chance == pytest.approx(wanted, abs=1e-3)


def test_nothing_else_can_be_written(tokenizer: Any, answers: Any) -> None:
    """At T = 2 whatever a context does not allow has less than a millionth, and structure is certain."""
    tokens, logits = answers
    words = tokenizer.convert_tokens_to_ids(list(language.WORDS))
    for place in range(tokens.shape[1]):
        hot = _softmax(logits[:, place] / 2)
        is_word = place % 2 == 1 and place < 2 * language.DECISIONS
        allowed = hot[:, words].sum(1) if is_word else np.take_along_axis(hot, tokens[:, place : place + 1].numpy(), 1)
        assert (1 - allowed).max() < 1e-6


def test_a_program_comes_back_from_its_tokens(tokenizer: Any) -> None:
    """Every piece of the language is one token, and decoding returns the text that is graded."""
    for decision in range(language.DECISIONS):
        text = language.program(language.ranked(decision)[: language.DECISIONS])
        ids = tokenizer(text).input_ids
        assert len(ids) == 1 + 2 * language.DECISIONS
        assert tokenizer.decode(ids) == text


def _chat(tokenizer: Any, statement: str) -> str:
    turns = [{"role": "system", "content": "is left out"}, {"role": "user", "content": statement}]
    return str(tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False))


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True))
