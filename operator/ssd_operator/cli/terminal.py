"""Writing to the terminal, or to whatever reads the output of `ssd`."""

import sys

from rich.console import Console
from rich.table import Table

__all__ = ["STAGE_HEADINGS", "console", "table"]

STAGE_HEADINGS = ("STAGE", "PHASE", "ATTEMPT", "PROGRESS", "KEY", "MESSAGE")

PIPE_WIDTH = 200
"""A table that is piped into another program is never cut."""


def console() -> Console:
    """Return standard output."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)


def table(*headings: str) -> Table:
    """Return an empty table in the style of kubectl."""
    drawn = Table(box=None, header_style="dim", pad_edge=False)
    for heading in headings:
        drawn.add_column(heading, overflow="fold")
    return drawn
