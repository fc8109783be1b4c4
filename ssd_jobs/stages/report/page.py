"""The report as one page that needs nothing else: no script, no font, no request to anybody."""

from collections.abc import Sequence

from ssd_jobs.figures import pages
from ssd_jobs.figures.pages import Picture
from ssd_jobs.scoring.formatting import describe, percent, points
from ssd_jobs.stages.report import training_facts
from ssd_jobs.stages.report.document import Document, Number
from ssd_jobs.stages.report.wording import (
    arm_label,
    best_sentence,
    gain_label,
    round_sentences,
    same_setting_label,
    versus,
)

__all__ = ["render", "shade"]


def render(document: Document, pictures: Sequence[Picture]) -> str:
    """Return the page; everything that came from a model or a user is escaped."""
    kinds = {kind for panel in document.panels for arm in panel.arms for kind in arm.verdicts}
    return pages.render(
        "ssd_jobs.stages.report",
        doc=document,
        headline=_headline(document),
        facts=list(training_facts.facts(document.training)),
        kinds=sorted(kinds, key=lambda kind: (kind != "pass", kind)),
        pictures=pictures,
        pct=percent,
        points=points,
        shade=shade,
        decode=describe,
        arm_label=arm_label,
        gain_label=gain_label,
        same_setting_label=same_setting_label,
        best_sentence=best_sentence,
        rounds=list(round_sentences(document.round)) if document.round is not None else [],
    )


def shade(number: Number) -> str:
    """Return the class of a gain: shaded where its interval excludes 0."""
    if not number.significant:
        return ""
    return "sig-up" if number.value > 0 else "sig-down"


def _headline(document: Document) -> list[dict[str, str]]:
    """Return the numbers that the decision rests on, and, as the last one, the same at equal settings."""
    found = document.first()
    if found is None:
        return []
    panel, comparison = found
    tiles = [
        _tile(number, f"pass@{k}" + ("" if stratum == "all" else f", {stratum}") + f" against {versus(comparison)}")
        for k in panel.k
        for stratum, number in comparison.delta[k].items()
        if stratum in ("all", "hard")
    ]
    if panel.select and panel.select.same_setting:
        k = min(panel.select.same_setting)
        tiles.append(_tile(panel.select.same_setting[k]["all"], f"pass@{k} {same_setting_label(panel.select)}"))
    return tiles


def _tile(number: Number, label: str) -> dict[str, str]:
    tone = {"sig-up": "up", "sig-down": "down", "": ""}[shade(number)]
    detail = f"{points(number.low)} to {points(number.high)} points"
    return {"label": label, "value": points(number.value), "detail": detail, "tone": tone}
