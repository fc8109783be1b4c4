"""Laws of `-o json`: every command of both programs has it, or a reason why not, and another word is refused."""

import json
from pathlib import Path

import pytest
import yaml
from typer.core import TyperGroup
from typer.main import get_command

from processes.program import ssd
from ssd_operator.cli import app, plugin

PROGRAMS = {"ssd": app.app, "kubectl sd": plugin.app}
WITHOUT = {
    "ssd init": "writes a file, which `ssd plan FILE -o json` reads",
    "ssd run": "is looked at while it runs; `ssd status` and `ssd report` say with -o json what came of it",
    "ssd sweep": "is looked at while it runs; --export writes its table",
    "kubectl sd logs": "prints what the workers wrote",
}
"""The exceptions."""
TOY = Path(__file__).parents[3] / "examples" / "toy" / "selfdistill.yaml"


def commands() -> dict[str, bool]:
    """Return every command, and whether it has the option."""
    groups = {name: get_command(program) for name, program in PROGRAMS.items()}
    return {
        f"{name} {command}": any("-o" in each.opts for each in found.params)
        for name, group in groups.items()
        if isinstance(group, TyperGroup)
        for command, found in group.commands.items()
    }


def test_every_command_prints_json_or_is_an_exception() -> None:
    """The commands without the option are those that have a reason, and none of these has it."""
    found = commands()
    assert len(found) > 20
    assert {name for name, has in found.items() if not has} == WITHOUT.keys()


@pytest.mark.parametrize(
    "command", [("toy",), ("manifests", str(TOY)), ("gc", "."), ("promote", "m", "1", "--reason=r")]
)
def test_another_format_is_refused(command: tuple[str, ...]) -> None:
    """The sentence names the formats that there are."""
    done = ssd(*command, "-o", "xml")
    assert done.returncode == 64
    assert "--output xml: there is no such format" in done.stderr


def test_the_toy_machine_tells_its_figures() -> None:
    """Success, temperature and the three choices of teacher and student are numbers; the student is better."""
    told = json.loads(ssd("toy", "-o", "json").stdout)
    assert round(told["teacher"]["success"], 3) == 0.083
    assert round(told["student"]["success"], 3) == 0.138
    assert told["student"].keys() == {"success", "temperature", "branch", "fork", "lock"}


def test_manifests_are_one_list() -> None:
    """The list that kubectl reads as JSON has the objects that it reads as YAML."""
    told = json.loads(ssd("manifests", str(TOY), "-o", "json").stdout)
    assert (told["apiVersion"], told["kind"]) == ("v1", "List")
    assert told["items"] == [each for each in yaml.safe_load_all(ssd("manifests", str(TOY)).stdout) if each]
