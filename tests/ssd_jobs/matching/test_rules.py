"""Every rule that there is, on a text that follows it and on one that does not."""

import json
from typing import Any

import pytest

from ssd_jobs.matching import check_expected, judge
from ssd_jobs.matching.rules import RULES

FORM = json.dumps({"form": "rule"})
AT_LEAST = "at least"
CASES: dict[str, tuple[dict[str, Any], str, str]] = {
    "punctuation:no_comma": ({}, "one and two", "one, two"),
    "length_constraints:number_words": ({"num_words": 3, "relation": AT_LEAST}, "a b c", "a b"),
    "length_constraints:number_sentences": ({"num_sentences": 2, "relation": "less than"}, "One.", "One. Two."),
    "length_constraints:number_paragraphs": ({"num_paragraphs": 2}, "one\n***\ntwo", "one\n\ntwo"),
    "length_constraints:nth_paragraph_first_word": (
        {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "two"}, "One is here.\n\nTwo, too.", "Two.\n\nOne.",
    ),
    "keywords:existence": ({"keywords": ["sea", "ship"]}, "A ship at Sea", "A ship"),
    "keywords:forbidden_words": ({"forbidden_words": ["sea"]}, "A season", "The Sea"),
    "keywords:frequency": ({"keyword": "sea", "frequency": 2, "relation": AT_LEAST}, "sea and sea", "sea"),
    "keywords:letter_frequency": (
        {"letter": "q", "let_frequency": 1, "let_relation": "less than"}, "no such letter", "quite so",
    ),
    "detectable_format:number_highlighted_sections": ({"num_highlights": 2}, "*one* and **two**", "*one*"),
    "detectable_format:number_bullet_lists": ({"num_bullets": 2}, "* one\n- two", "* one"),
    "detectable_format:title": ({}, "<<A title>>\ntext", "A title\ntext"),
    "detectable_format:json_format": ({}, '```json\n{"a": 1}\n```', "{a: 1}"),
    "detectable_format:multiple_sections": (
        {"section_spliter": "Section", "num_sections": 2}, "Section 1 a Section 2 b", "Section 1",
    ),
    "detectable_format:constrained_response": ({}, "My answer is yes.", "Yes."),
    "detectable_content:number_placeholders": ({"num_placeholders": 2}, "[name] in [town]", "[name]"),
    "detectable_content:postscript": ({"postscript_marker": "P.S."}, "Text.\n\nP.S. more", "Text."),
    "startend:end_checker": ({"end_phrase": "That is all."}, "Text. That is all.", "That is all. Text."),
    "startend:quotation": ({}, '"quoted"', '"quoted" not'),
    "change_case:english_capital": ({}, "ALL OF IT", "All of it"),
    "change_case:english_lowercase": ({}, "all of it", "All of it"),
    "change_case:capital_word_frequency": (
        {"capital_frequency": 2, "capital_relation": AT_LEAST}, "TWO of THEM", "ONE of them",
    ),
    "combination:two_responses": ({}, "one\n******\ntwo", "one\n******\none"),
    "combination:repeat_prompt": ({"prompt_to_repeat": "Say it."}, "Say it. It is said.", "It is said."),
}  # fmt: skip


def test_every_rule_has_a_case() -> None:
    """No rule stands untested."""
    assert CASES.keys() == RULES.keys()


@pytest.mark.parametrize("rule", CASES)
def test_a_rule_tells_who_follows_it(rule: str) -> None:
    """The first text follows, the second does not, and a refusal is neither."""
    arguments, follows, breaks = CASES[rule]
    expected = json.dumps({"id": rule, "args": arguments})
    assert check_expected(FORM, expected) == ""
    texts = (follows, breaks, "I'm sorry, I cannot do that.", " ")
    assert [judge(text, FORM, expected).outcome for text in texts] == ["right", "wrong", "refused", "none"]


@pytest.mark.parametrize(
    ("form", "expected", "words"),
    [
        ("{}", "1", "has a form that is no JSON object with a form"),
        ('{"form": "essay"}', "1", "has the form 'essay'; use integer, choice, value, text, rule, call"),
        ('{"form": "integer"}', "many", "expects 'many', which is no whole number"),
        ('{"form": "choice"}', "Paris", "expects 'Paris', which is no letter from A to J"),
        ('{"form": "call", "function": "f", "code": "g = 1"}', "1", "has code that defines no function 'f'"),
        ('{"form": "call", "function": "f"}', "1 +", "has code or an expected output that is no Python"),
        (FORM, "[]", "has a rule that is no JSON object with id and args"),
        (
            FORM,
            '{"id": "language:response_language", "args": {}}',
            "asks for the rule 'language:response_language', which nothing here can look at",
        ),
        (
            FORM,
            '{"id": "length_constraints:number_words", "args": {"num_words": 3}}',
            "asks for length_constraints:number_words without relation",
        ),
    ],
)
def test_what_cannot_be_compared_is_said(form: str, expected: str, words: str) -> None:
    """Before anything is generated for it."""
    assert check_expected(form, expected) == words
