"""The tables of docs/troubleshooting.md: the reasons of conditions that ask for something, and those of events."""

from ssd_operator.lifecycle.reasons import CONDITION_REASONS, EVENT_REASONS

__all__ = ["parts"]


def parts() -> dict[str, str]:
    """Return each table by the name of its place in the page."""
    return {"conditions": conditions(), "events": events()}


def conditions() -> str:
    """Return the reasons that have a remedy, a row each; where nothing is wrong there is nothing to explain."""
    head = ("| condition, reason | what it means | what helps |", "| --- | --- | --- |")
    rows = (
        f"| {each.condition}, `{each.word}` | {each.meaning} | {each.remedy} |"
        for each in CONDITION_REASONS
        if each.remedy
    )
    return "\n".join((*head, *rows))


def events() -> str:
    """Return the reasons of events, a row each."""
    head = ("| event | type | what it means |", "| --- | --- | --- |")
    rows = (
        f"| `{each.word}` | {'Warning' if each.is_warning else 'Normal'} | {each.meaning} |" for each in EVENT_REASONS
    )
    return "\n".join((*head, *rows))
