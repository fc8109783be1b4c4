"""Writing to the terminal, or to whatever reads the output of `ssd`."""

import sys
from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ssd_jobs.contract.printable import printable

__all__ = ["STAGE_HEADINGS", "Terminal", "console", "errors", "table", "warn"]

STAGE_HEADINGS = ("STAGE", "PHASE", "ATTEMPT", "PROGRESS", "KEY", "MESSAGE")

PIPE_WIDTH = 200
"""A table that is piped into another program is never cut."""


class Terminal(Console):
    """The one place through which text reaches a terminal: it is shown as it stands and steers nothing."""

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, emoji=False, highlight=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """Return a text, a table's cell included, without control characters."""
        return super().render_str(printable(text, keep="\n\t"), **options)


def console() -> Console:
    """Return standard output."""
    return Terminal(width=None if sys.stdout.isatty() else PIPE_WIDTH)


def errors() -> Console:
    """Return standard error."""
    return Terminal(stderr=True, soft_wrap=True)


def warn(sentences: Iterable[str]) -> None:
    """Write sentences on standard error, so that output for programs stays as it is."""
    for sentence in sentences:
        errors().print(sentence)


def table(*headings: str) -> Table:
    """Return an empty table in the style of kubectl."""
    drawn = Table(box=None, header_style="dim", pad_edge=False)
    for heading in headings:
        drawn.add_column(heading, overflow="fold")
    return drawn
