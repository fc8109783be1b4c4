"""A cluster's resource in the same words as a directory's: `ssd status NAME` and `kubectl sd status NAME`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Console

from ssd_operator.cli import terminal
from ssd_operator.lifecycle.cause import cause
from ssd_operator.local import summary
from ssd_operator.spec.status import Delta, ProgressStatus, Score, Status

if TYPE_CHECKING:
    from ssd_operator.cluster import Run

__all__ = ["facts", "place", "show"]


def place(namespace: str, name: str, status: Status) -> dict[str, str]:
    """Return which resource it is and why it stands where it stands, for programs."""
    return {"namespace": namespace, "name": name, "phase": status.phase, "why": cause(status)}


def facts(run: Run) -> dict[str, Any]:
    """Return the same with the whole status."""
    status = run.status.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
    return {**place(run.key.namespace, run.key.name, run.status), "status": status}


def show(console: Console, status: Status) -> None:
    """Print a resource's stages, why it stands where it stands, its results and the decision."""
    if status.stages:
        table = terminal.table(*terminal.STAGE_HEADINGS)
        for stage in status.stages:
            words = (stage.name, stage.phase, str(stage.attempt or ""), _progress(stage.progress))
            table.add_row(*words, stage.key[:12], stage.message)
        console.print(table)
    console.print(cause(status), markup=False, soft_wrap=True)
    rows = [
        (row.benchmark, row.grading, *(_score(each) for each in (row.base, row.candidate, row.delta)))
        for row in status.results
    ]
    decision, reasons = ("", ()) if status.promotion is None else (status.promotion.decision, status.promotion.reasons)
    summary.show_results(console, rows, decision, reasons)


def _progress(seen: ProgressStatus | None) -> str:
    """Show how far a stage is."""
    return seen.text if seen else ""


def _score(value: Score | Delta | None) -> str:
    """Show a share and its interval."""
    return f"{value.pass_at1} [{value.interval}]" if value else "-"
