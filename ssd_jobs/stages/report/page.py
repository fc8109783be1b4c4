"""The report as one page that needs nothing else: no script, no font, no request to anybody."""

import re
from collections.abc import Sequence

from ssd_jobs.scoring.formatting import describe, percent, points
from ssd_jobs.stages.report import training_facts
from ssd_jobs.stages.report.document import Document, Number
from ssd_jobs.stages.report.figures import Picture
from ssd_jobs.stages.report.wording import arm_label, best_sentence, gain_label, same_setting_label, versus

__all__ = ["render"]

PIXELS_PER_POINT = 96 / 72


def render(document: Document, pictures: Sequence[Picture]) -> str:
    """Return the page; everything that came from a model or a user is escaped."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("ssd_jobs.stages.report", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    kinds = {kind for panel in document.panels for arm in panel.arms for kind in arm.verdicts}
    text: str = environment.get_template("page.html.j2").render(
        doc=document,
        headline=_headline(document),
        facts=list(training_facts.facts(document.training)),
        kinds=sorted(kinds, key=lambda kind: (kind != "pass", kind)),
        pictures=[_shown(picture) for picture in pictures],
        pct=percent,
        points=points,
        shade=_shade,
        decode=describe,
        arm_label=arm_label,
        gain_label=gain_label,
        same_setting_label=same_setting_label,
        best_sentence=best_sentence,
    )
    return text


def _shade(number: Number) -> str:
    if not number.significant:
        return ""
    return "sig-up" if number.value > 0 else "sig-down"


def _shown(picture: Picture) -> dict[str, str | int]:
    """Return a picture with its natural width in pixels."""
    found = re.search(r'width="([\d.]+)pt"', picture.svg)
    width = round(float(found[1]) * PIXELS_PER_POINT) if found else 800
    return {"title": picture.title, "caption": picture.caption, "svg": picture.svg, "width": width}


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
    tone = {"sig-up": "up", "sig-down": "down", "": ""}[_shade(number)]
    detail = f"{points(number.low)} to {points(number.high)} points"
    return {"label": label, "value": points(number.value), "detail": detail, "tone": tone}
