"""The report as one page that needs nothing else: no script, no font, no request to anybody."""

import re
from collections.abc import Sequence

from ssd_jobs.scoring.formatting import describe, percent, points
from ssd_jobs.stages.report import training_facts
from ssd_jobs.stages.report.document import Document, Number
from ssd_jobs.stages.report.figures import Picture

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
    """Return the few numbers that a reader looks for first."""
    tiles = []
    panel = next((each for each in document.panels if each.decides and each.comparisons), None)
    if panel is None:
        return []
    comparison = panel.comparisons[-1]
    versus = "the base's best decoding" if comparison.baseline == "BestDecode" else "the base"
    for k in panel.k:
        for stratum in ("all", "hard"):
            number = comparison.delta[k].get(stratum)
            if number is None:
                continue
            tone = {"sig-up": "up", "sig-down": "down", "": ""}[_shade(number)]
            label = f"pass@{k}" + ("" if stratum == "all" else f", {stratum}") + f" against {versus}"
            detail = f"{points(number.low)} to {points(number.high)} points"
            tiles.append({"label": label, "value": points(number.value), "detail": detail, "tone": tone})
    return tiles
