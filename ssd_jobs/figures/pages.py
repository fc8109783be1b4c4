"""Pages that need nothing else: no script, no font, no request to anybody; and the figures on them."""

import re
from dataclasses import dataclass

__all__ = ["Picture", "render"]

PIXELS_PER_POINT = 96 / 72
WIDE = 800
"""Pixels of a figure that does not say how wide it is."""


@dataclass(frozen=True)
class Picture:
    """One figure in both forms."""

    name: str
    title: str
    caption: str
    svg: str
    png: bytes

    @property
    def width(self) -> int:
        """Return its natural width in pixels."""
        found = re.search(r'width="([\d.]+)pt"', self.svg)
        return round(float(found[1]) * PIXELS_PER_POINT) if found else WIDE


def render(package: str, **values: object) -> str:
    """Return the page of a package's template; everything that came from a model or a user is escaped."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader([jinja2.PackageLoader(each, ".") for each in (package, "ssd_jobs.figures")]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    text: str = environment.get_template("page.html.j2").render(values)
    return text
