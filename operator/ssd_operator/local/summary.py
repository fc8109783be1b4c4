"""What a person sees at the end: base against candidate, the decision with its reasons, and where everything is."""

import shlex
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from ssd_jobs import contract
from ssd_jobs.contract import files
from ssd_operator.lifecycle import outcome
from ssd_operator.local import reports
from ssd_operator.local.state import RunState, StageState
from ssd_operator.local.view import duration
from ssd_operator.local.workdir import Workdir
from ssd_operator.plan import Graph

__all__ = ["exit_code", "failures", "show", "show_results", "show_times", "waiting"]


def show(console: Console, state: RunState, graph: Graph, workdir: Workdir) -> None:
    """Print the end of a run."""
    for line in failures(state):
        console.print(line, style="red", markup=False, soft_wrap=True)
    for line in waiting(state):
        console.print(line, style="yellow", markup=False, soft_wrap=True)
    result = state.result_of(contract.ReportResult)
    if result is None:
        return
    rows = [
        (row.benchmark, row.grading, *map(_estimate, (row.base, row.candidate, row.delta))) for row in result.results
    ]
    show_results(console, rows, result.decision, result.reasons)
    for name, place in _places(result, state, graph, workdir):
        console.print(f"{name:<9} {place}", markup=False, soft_wrap=True)


def show_times(console: Console, state: RunState, graph: Graph) -> None:
    """Print how long each stage took, and the run as long as it went on; a terminal has that in its live table."""
    if console.is_terminal:
        return
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("STAGE")
    table.add_column("TIME", justify="right")
    for stage in filter(None, (state.stages.get(node.name) for node in graph)):
        table.add_row(stage.name, duration(stage.finished - stage.started) if stage.finished else "-")
    table.add_row("the run", duration(state.seconds))
    console.print(table)


def show_results(console: Console, rows: Sequence[tuple[str, ...]], decision: str, reasons: Sequence[str]) -> None:
    """Print pass@1 of both arms with their difference, and what the gate decided; each as far as it is known."""
    table = Table(title="pass@1 with its interval", title_justify="left", box=None, header_style="dim")
    for heading in ("BENCHMARK", "GRADING", "BASE", "CANDIDATE", "DIFFERENCE"):
        table.add_column(heading)
    for row in rows:
        table.add_row(*row)
    if rows:
        console.print(table)
    if decision:
        console.print(f"decision  {decision}", style="bold", markup=False)
    for reason in reasons:
        console.print(f"          {reason}", markup=False, soft_wrap=True)


def failures(state: RunState) -> list[str]:
    """Return one line per stage that did not succeed."""
    lost = (stage for stage in state.stages.values() if stage.phase in ("Failed", "Skipped"))
    return [f"{stage.name}{_optional(stage)}: {stage.message}" for stage in lost]


def waiting(state: RunState) -> list[str]:
    """Return one line per stage that waits for something outside."""
    away = (stage for stage in state.stages.values() if stage.phase == "Pending" and stage.message)
    return [f"{stage.name}: {stage.message}; the same command goes on" for stage in away]


def exit_code(state: RunState) -> int:
    """Return 0 when all that the run depends on has succeeded, 75 when something is away, else 1."""
    if outcome.failures(state.stages.values()):
        return int(contract.ExitCode.FAILED)
    return int(contract.ExitCode.TEMPORARY if waiting(state) else contract.ExitCode.OK)


def _optional(stage: StageState) -> str:
    """Return what tells a stage that the run does not depend on."""
    return " (optional)" if contract.STAGES[stage.kind].optional else ""


def _estimate(value: contract.Estimate | None) -> str:
    """Show a share and its interval."""
    return f"{value.value} [{value.ci}]" if value else "-"


def _candidate(state: RunState, graph: Graph) -> str:
    """Return where the candidate is, below the workspace; empty where it has not been trained."""
    configs = [node.config for node in graph.of(contract.ReportConfig)]
    trained = any(state.succeeded(node) for node in graph.of(contract.TrainConfig))
    return next((each.candidate for each in configs if trained and isinstance(each, contract.ReportConfig)), "")


def _places(result: contract.ReportResult, state: RunState, graph: Graph, workdir: Workdir) -> list[tuple[str, str]]:
    """Return where things are, and what opens a run that no server shows."""
    root = workdir.root
    report = reports.finished(state, graph, root)
    places = [("report", str(report / files.REPORT_PAGE))] if report else []
    candidate = _candidate(state, graph)
    places += [("model", str(root / candidate))] if candidate else []
    if result.model_version:
        places.append(("version", f"{result.model_version}, before it {result.previous_champion or 'none'}"))
    if result.url:
        return [*places, ("run", result.url)]
    return [
        *places,
        ("run", result.run_id),
        ("open it", f"mlflow ui --backend-store-uri {shlex.quote(workdir.tracking_uri)}"),
    ]
