"""What `ssd` prints is text: it moves no cursor, and no bracket in it is a style."""

import pytest

from ssd_operator.cli import terminal

HOSTILE = "\x1b[31mred\x1b[2J [/bold] :smile: \u202e"
SHOWN = r"\x1b[31mred\x1b[2J [/bold] :smile: \u202e"


def test_a_line_is_printed_as_it_stands(capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output and standard error show escapes for control characters, and brackets as brackets."""
    terminal.console().print(HOSTILE)
    terminal.errors().print(HOSTILE, style="red")
    assert capsys.readouterr() == (f"{SHOWN}\n", f"{SHOWN}\n")


def test_a_tables_cell_is_printed_as_it_stands(capsys: pytest.CaptureFixture[str]) -> None:
    """A stage's message in a table is text too."""
    table = terminal.table("MESSAGE")
    table.add_row(HOSTILE)
    terminal.console().print(table)
    assert capsys.readouterr().out.splitlines()[1].rstrip() == SHOWN
