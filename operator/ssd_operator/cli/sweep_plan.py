"""`ssd plan` of a sweep: its cells, the stages that they need in all, and the most tokens and GPU-hours of these."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from ssd_jobs import contract
from ssd_operator.cli import gpu_hours, terminal
from ssd_operator.cli.sweep_cost import prepared_problems
from ssd_operator.local.chain import CellRun
from ssd_operator.plan import Node
from ssd_operator.plan.union import stages_once

__all__ = ["show"]


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
    size = gpu_hours.active_parameters(cells[0].graph, workspace)
    on_gpus = any(node.gpus for node in once)
    for work, parts in _tokens(once, workspace).items():
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


def _tokens(once: Sequence[Node], workspace: Path) -> dict[str, list[tuple[int, int | None]]]:
    """Return work -> the most tokens of each problem, and how many problems there are, of every stage that does it."""
    found: defaultdict[str, list[tuple[int, int | None]]] = defaultdict(list)
    expected = dict(each for node in once for each in _expected(node))
    for node in once:
        config = node.config
        if isinstance(config, contract.SampleConfig):
            each = config.science.samples_per_prompt * config.science.max_sequence_tokens
            found["sample"].append((each, _problems(config.prompts, expected, workspace)))
        elif isinstance(config, contract.TrainConfig):
            science = config.science
            found["train"].append((science.steps * science.global_batch_size * science.sequence_length, 1))
        elif isinstance(config, contract.GenerateConfig):
            settings = 1 if config.selection else len(config.settings)
            each = settings * config.science.samples_per_problem * config.science.max_sequence_tokens
            work = f"generate on {config.purpose.lower()} problems"
            found[work].append((each, _problems(config.prompts, expected, workspace)))
    return dict(found)


def _problems(prompts: str, expected: Mapping[str, int], workspace: Path) -> int | None:
    """Return how many problems there are, or are expected."""
    found = prepared_problems(workspace / prompts)
    return expected.get(prompts) if found is None else found


def _expected(node: Node) -> Iterator[tuple[str, int]]:
    """Yield what a spec says of the number of problems before prepare has counted them: a limit, or an expectation."""
    if not isinstance(node.config, contract.PrepareConfig):
        return
    if node.config.prompts.science.limit:
        yield node.config.prompts.output, node.config.prompts.science.limit
    for part in node.config.benchmarks:
        whole, split = part.science.expect_problems, part.science.split
        if whole:
            share = 1.0 if split is None else split.share if split.purpose == "Select" else 1 - split.share
            yield part.output, round(whole * share)
