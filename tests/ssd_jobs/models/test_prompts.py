"""A prompt is the same tokens on any day."""

from datetime import datetime
from typing import Any

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast
from transformers.utils import chat_template_utils

from ssd_jobs import contract
from ssd_jobs.contract import files
from ssd_jobs.errors import BadInput
from ssd_jobs.models.prompts import Renderer, Template

PROBLEM = {"statement": "Print 1."}
DATED = "Current date: {{ strftime_now('%Y-%m-%d') }}, a {{ strftime_now('%A') }}\n{{ messages[0]['content'] }}"


def renderer(today: str, **arguments: Any) -> Renderer:
    """Return the way through a chat template that prints the date, as that of gpt-oss does."""
    letters = {letter: number for number, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    bytewise = Tokenizer(models.BPE(vocab=letters, merges=[]))
    bytewise.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    bytewise.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bytewise)
    tokenizer.chat_template = DATED
    rendering = contract.Rendering(
        prompt_mode="Chat", chat_template_args=arguments, today=today, template=files.builtin_template("instruct")
    )
    return Renderer(rendering, Template("{{ statement }}", source="test"), tokenizer, vocabulary=None)


def test_a_template_that_prints_the_date_gives_the_same_tokens_on_any_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """On two days the prompt is the same, with the day of the recipe; another day in the recipe is another prompt."""
    found = []
    for day in ("2026-11-27", "2031-01-01"):

        class Clock(datetime):
            @classmethod
            def now(cls, tz: Any = None, day: str = day) -> "Clock":
                return cls.fromisoformat(day)

        monkeypatch.setattr(chat_template_utils, "datetime", Clock)
        [prompt] = renderer("2026-04-01").render([PROBLEM])
        found.append(prompt)
    assert found[0] == found[1]
    assert found[0].text == "Current date: 2026-04-01, a Wednesday\nPrint 1."
    [other] = renderer("2026-04-02").render([PROBLEM])
    assert other.text == "Current date: 2026-04-02, a Thursday\nPrint 1."


def test_a_day_that_is_none_is_refused() -> None:
    """The sentence names the field."""
    with pytest.raises(BadInput, match=r"model\.templateDate: 2026-02-30 is no day \(.*\); write one as YYYY-MM-DD"):
        renderer("2026-02-30")
