"""`ssd plan` of a sweep: its cells, the stages that they need in all, and the most tokens and GPU-hours of these."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import typer

from ssd_operator.cli import model_size, terminal
from ssd_operator.cli.sweep_cost import prepared_problems
from ssd_operator.local.chain import CellRun
from ssd_operator.plan import gpu_hours
from ssd_operator.plan.union import stages_once, stages_to_come

__all__ = ["planned_hours", "show"]

UNKNOWN = "an unknown number until prepare"


def show(cells: Sequence[CellRun], workspace: Path, *, as_json: bool) -> None:
    """Print the plan of a sweep."""
    rows = list(_rows(cells))
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
        return
    console = terminal.console()
    table = terminal.table("CELL", "VALUES", "REPLICATE", "STATE", "STAGES", "OF ITS OWN", "TO DO")
    for row in rows:
        numbers = (str(len(row["stages"])), str(len(row["own"])), str(len(row["to_do"])))
        table.add_row(row["cell"], row["origin"], str(row["replicate"]), row["state"], *numbers)
    console.print(table)
    for sentence in _sentences(cells, workspace):
        console.print(sentence, soft_wrap=True)


def planned_hours(cells: Sequence[CellRun], workspace: Path) -> str:
    """Return the most GPU-hours of all stages, each counted once, in words."""
    once = stages_to_come((each.graph, each.waits) for each in cells)
    size = model_size.active_parameters(cells[0].graph, workspace)
    found = gpu_hours.planned(once, size, lambda prompts: prepared_problems(workspace / prompts))
    return UNKNOWN if found is None else gpu_hours.text(found)


def _rows(cells: Sequence[CellRun]) -> Iterator[dict[str, Any]]:
    """Yield one row per cell; a stage that several cells have is the first one's own."""
    own = {id(node) for node in stages_once(each.graph for each in cells)}
    for each in cells:
        yield {
            "cell": each.cell.name,
            "origin": each.cell.origin,
            "replicate": each.cell.replicate,
            "state": each.phase,
            "stages": {node.name: "" if each.waits else node.key for node in each.graph},
            "own": [node.name for node in each.graph if id(node) in own],
            "to_do": [node.name for node in each.graph if not each.state.succeeded(node)],
        }


def _sentences(cells: Sequence[CellRun], workspace: Path) -> Iterator[str]:
    """Yield how many stages there are, each counted once, and the most tokens of each kind of work."""
    once = list(stages_once(each.graph for each in cells))
    kinds = ", ".join(f"{number} {kind}" for kind, number in Counter(node.kind for node in once).items())
    every = sum(len(each.graph.nodes) for each in cells)
    yield f"{len(cells)} cells need {len(once)} stages ({kinds}), each of which runs once; one by one they need {every}"
    size = model_size.active_parameters(cells[0].graph, workspace)
    on_gpus = any(node.gpus for node in once)
    for work, parts in gpu_hours.most_tokens(once, lambda prompts: prepared_problems(workspace / prompts)).items():
        known = sum(each * problems for each, problems in parts if problems is not None)
        unknown = sum(each for each, problems in parts if problems is None)
        terms = [f"{known:,} tokens"] if known else []
        terms += [f"{unknown:,} tokens for each problem, whose number is unknown until prepare"] if unknown else []
        yield f"{work}: at most {' and '.join(terms)}{_hours(work, known, unknown, size) if on_gpus else ''}"


def _hours(work: str, known: int, unknown: int, size: float | None) -> str:
    """Return what these tokens come to in GPU-hours, where the model's size is known."""
    if size is None:
        return "; GPU-hours are unknown until prepare reads the model's config.json"
    found = [gpu_hours.hours(tokens, size, trained=work == "train") for tokens in (known, unknown)]
    terms = [f"{found[0]:,.1f} GPU-hours"] if known else []
    terms += [f"{found[1]:,.2f} GPU-hours for each problem"] if unknown else []
    return f"; {' and '.join(terms)} at {size / 1e9:.1f} B parameters"
