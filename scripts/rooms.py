"""The tables of rooms in docs/architecture.md: what is at the top of each tree, and what each stage reads and writes.

A room says itself what it is, in the first line of its docstring; its place in the table is its layer in the import
contracts of pyproject.toml; what a stage reads and writes is in `ssd_jobs.contract.stages`.
"""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from ssd_jobs.contract.stages import STAGES, Read, StageKind

__all__ = ["parts"]

ROOT = Path(__file__).parent.parent
TREES = {"ssd_operator": "operator/ssd_operator", "ssd_jobs": "ssd_jobs"}


def parts() -> dict[str, str]:
    """Return each table by the name of its place in the page."""
    return {**{tree: table(tree, folder) for tree, folder in TREES.items()}, "stages": stages()}


def table(tree: str, folder: str) -> str:
    """Return the rooms of a tree, a row each, in the order of its layers."""
    rows = (f"| {linked(folder, room)} | {first_line(folder, room)} |" for layer in layers(tree) for room in layer)
    return "\n".join(("| room | what it is |", "| --- | --- |", *rows))


def stages() -> str:
    """Return the stages, a row each, with what they read and write."""
    head = ("| stage | what it is | processes | reads | writes |", "| --- | --- | --- | --- | --- |")
    return "\n".join((*head, *(stage_row(stage) for stage in STAGES.values())))


def stage_row(stage: StageKind) -> str:
    """Return one stage's row."""
    folder = "ssd_jobs/stages"
    reads = [each.root if isinstance(each, Read) else each for each in stage.reads]
    what = first_line(folder, stage.kind).removeprefix(f"{stage.title}: ")
    cells = (f"{what[0].upper()}{what[1:]}", stage.shape.lower(), roots(reads), roots(stage.writes))
    return f"| {linked(folder, stage.kind)} | {' | '.join(cells)} |"


def roots(names: tuple[str, ...] | list[str]) -> str:
    """Return folders of the workspace as a list."""
    return ", ".join(f"`{name}`" for name in names)


def layers(tree: str) -> Iterator[list[str]]:
    """Yield the rooms of each layer, from the top."""
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    for contract in tools["importlinter"]["contracts"]:
        if contract["type"] == "layers" and contract.get("containers") == [tree]:
            yield from (re.split(r" [|:] ", layer) for layer in contract["layers"])


def linked(folder: str, room: str) -> str:
    """Return a room's name as a link from docs/."""
    path = place(folder, room).removesuffix("/__init__.py")
    return f"[`{path.removeprefix(f'{folder}/')}`](../{path})"


def first_line(folder: str, room: str) -> str:
    """Return what a room says it is."""
    text = ast.get_docstring(ast.parse((ROOT / place(folder, room)).read_text(encoding="utf-8"))) or ""
    return text.partition("\n")[0].replace("|", "\\|")


def place(folder: str, room: str) -> str:
    """Return the file that says what a room is."""
    package = f"{folder}/{room}/__init__.py"
    return package if (ROOT / package).exists() else f"{folder}/{room}.py"
