"""Rules that a text can be seen to follow, under the names that IFEval gives them and in its strict sense.

What would need a model or a list of languages to see (`language:response_language`) is no rule here, and a problem that
asks for it is refused by name.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

__all__ = ["RULES", "follows", "unknown"]

Arguments = Mapping[str, Any]
WORD = re.compile(r"\w+")
SENTENCE_END = re.compile(r"[.!?]+(?:\s|$)")
PARAGRAPHS = re.compile(r"\s?\*\*\*\s?")


def follows(text: str, rule: str, arguments: Arguments) -> bool:
    """Tell whether a text follows a rule."""
    given = {name: value for name, value in arguments.items() if value is not None}
    return RULES[rule][0](text, given)


def unknown(expected: str) -> str:
    """Return why a rule cannot be looked at; empty where it can."""
    try:
        rule = json.loads(expected)
        name, arguments = rule["id"], rule["args"]
    except (ValueError, KeyError, TypeError):
        return "has a rule that is no JSON object with id and args"
    if name not in RULES:
        return f"asks for the rule {name!r:.60}, which nothing here can look at"
    missing = [each for each in RULES[name][1] if arguments.get(each) is None]
    return f"asks for {name} without {missing[0]}" if missing else ""


def _compared(found: int, wanted: int, relation: str) -> bool:
    return found < wanted if relation == "less than" else found >= wanted


def _words(text: str, given: Arguments) -> bool:
    return _compared(len(WORD.findall(text)), given["num_words"], given["relation"])


def _sentences(text: str, given: Arguments) -> bool:
    found = [each for each in SENTENCE_END.split(text) if each.strip()]
    return _compared(len(found), given["num_sentences"], given["relation"])


def _paragraphs(text: str, given: Arguments) -> bool:
    found = PARAGRAPHS.split(text)
    inner = [each for each in found[1:-1] if not each.strip()]
    return not inner and len([each for each in found if each.strip()]) == given["num_paragraphs"]


def _first_word(text: str, given: Arguments) -> bool:
    found = [each.strip() for each in re.split(r"\n\n", text) if each.strip()]
    at = given["nth_paragraph"]
    if len(found) != given["num_paragraphs"] or at > len(found):
        return False
    word = WORD.search(found[at - 1])
    return word is not None and word[0].casefold() == given["first_word"].casefold()


def _holds(text: str, word: str) -> bool:
    return re.search(rf"\b{re.escape(word)}\b", text, re.IGNORECASE) is not None


def _existence(text: str, given: Arguments) -> bool:
    return all(re.search(re.escape(word), text, re.IGNORECASE) for word in given["keywords"])


def _forbidden(text: str, given: Arguments) -> bool:
    return not any(_holds(text, word) for word in given["forbidden_words"])


def _frequency(text: str, given: Arguments) -> bool:
    found = re.findall(re.escape(given["keyword"]), text, re.IGNORECASE)
    return _compared(len(found), given["frequency"], given["relation"])


def _letters(text: str, given: Arguments) -> bool:
    found = text.lower().count(given["letter"].lower())
    return _compared(found, given["let_frequency"], given["let_relation"])


def _highlights(text: str, given: Arguments) -> bool:
    found = re.findall(r"\*\*([^\n*]+)\*\*|\*([^\n*]+)\*", text)
    return bool(sum(bool((one or other).strip()) for one, other in found) >= given["num_highlights"])


def _bullets(text: str, given: Arguments) -> bool:
    return bool(len(re.findall(r"^\s*(?:\*[^*]|-)\s*\S.*$", text, re.MULTILINE)) == given["num_bullets"])


def _title(text: str, _given: Arguments) -> bool:
    return any(each.strip() for each in re.findall(r"<<([^\n]+)>>", text))


def _json(text: str, _given: Arguments) -> bool:
    inside = re.sub(r"^```(?:json)?\s*|\s*```$", "", text.strip(), flags=re.IGNORECASE)
    try:
        json.loads(inside)
    except (ValueError, RecursionError):
        return False
    return True


def _sections(text: str, given: Arguments) -> bool:
    found = re.findall(rf"\s?{re.escape(given['section_spliter'].strip())}\s?\d+\s?", text)
    return bool(len(found) >= given["num_sections"])


def _constrained(text: str, _given: Arguments) -> bool:
    return any(each in text for each in ("My answer is yes.", "My answer is no.", "My answer is maybe."))


def _placeholders(text: str, given: Arguments) -> bool:
    return bool(len(re.findall(r"\[.*?\]", text)) >= given["num_placeholders"])


def _postscript(text: str, given: Arguments) -> bool:
    marker = given["postscript_marker"].lower()
    loose = {"p.p.s": r"p\.\s?p\.\s?s", "p.s.": r"p\.\s?s\."}.get(marker, re.escape(marker))
    return re.search(rf"\s*{loose}.*$", text.lower(), re.MULTILINE) is not None


def _ends(text: str, given: Arguments) -> bool:
    return text.strip().strip('"').lower().endswith(given["end_phrase"].strip().lower())


def _quoted(text: str, _given: Arguments) -> bool:
    stripped = text.strip()
    return len(stripped) > 1 and stripped[0] == stripped[-1] == '"'


def _capital_words(text: str, given: Arguments) -> bool:
    found = [word for word in re.findall(r"[\w'\u2019-]+", text) if word.isupper()]
    return _compared(len(found), given["capital_frequency"], given["capital_relation"])


def _two(text: str, _given: Arguments) -> bool:
    found = [each.strip() for each in text.split("******") if each.strip()]
    return len(found) == 2 and found[0] != found[1]


def _repeated(text: str, given: Arguments) -> bool:
    return text.strip().lower().startswith(given["prompt_to_repeat"].strip().lower())


Rule = tuple[Callable[[str, Arguments], bool], tuple[str, ...]]
RULES: Final[Mapping[str, Rule]] = {
    "punctuation:no_comma": (lambda text, _given: "," not in text, ()),
    "length_constraints:number_words": (_words, ("num_words", "relation")),
    "length_constraints:number_sentences": (_sentences, ("num_sentences", "relation")),
    "length_constraints:number_paragraphs": (_paragraphs, ("num_paragraphs",)),
    "length_constraints:nth_paragraph_first_word": (_first_word, ("num_paragraphs", "nth_paragraph", "first_word")),
    "keywords:existence": (_existence, ("keywords",)),
    "keywords:forbidden_words": (_forbidden, ("forbidden_words",)),
    "keywords:frequency": (_frequency, ("keyword", "frequency", "relation")),
    "keywords:letter_frequency": (_letters, ("letter", "let_frequency", "let_relation")),
    "detectable_format:number_highlighted_sections": (_highlights, ("num_highlights",)),
    "detectable_format:number_bullet_lists": (_bullets, ("num_bullets",)),
    "detectable_format:title": (_title, ()),
    "detectable_format:json_format": (_json, ()),
    "detectable_format:multiple_sections": (_sections, ("section_spliter", "num_sections")),
    "detectable_format:constrained_response": (_constrained, ()),
    "detectable_content:number_placeholders": (_placeholders, ("num_placeholders",)),
    "detectable_content:postscript": (_postscript, ("postscript_marker",)),
    "startend:end_checker": (_ends, ("end_phrase",)),
    "startend:quotation": (_quoted, ()),
    "change_case:english_capital": (lambda text, _given: text.isupper(), ()),
    "change_case:english_lowercase": (lambda text, _given: text.islower(), ()),
    "change_case:capital_word_frequency": (_capital_words, ("capital_frequency", "capital_relation")),
    "combination:two_responses": (_two, ()),
    "combination:repeat_prompt": (_repeated, ("prompt_to_repeat",)),
}
"""Rule -> how it is looked at, and the arguments that it needs."""
