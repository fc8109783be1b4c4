"""The program `kubectl_complete-sd`: kubectl asks it what can stand for the last word of `kubectl sd …`."""

import sys
from collections.abc import Sequence

import typer
from typer.core import TyperGroup

from ssd_operator.cli import plugin

__all__ = ["answers", "main"]

NO_FILES = ":4"
"""What ends an answer to kubectl: offer no names of files beside it."""


def main() -> None:
    """Print the answers to the words that were typed, and exit."""
    sys.stdout.write("".join(f"{each}\n" for each in (*answers(sys.argv[1:]), NO_FILES)))


def answers(words: Sequence[str]) -> list[str]:
    """Return the commands, or the options of the command, that begin as the last word does."""
    group = typer.main.get_command(plugin.app)
    assert isinstance(group, TyperGroup)
    *before, typed = words or [""]
    command = next((group.commands[word] for word in before if word in group.commands), None)
    if command is None:
        offered = list(group.commands)
    else:
        offered = [option for each in command.params for option in each.opts if option.startswith("-")]
    return sorted(each for each in offered if each.startswith(typed))
