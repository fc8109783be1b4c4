"""`ssd status NAME`: a cluster's resource in the same words as a directory's."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from ssd_operator.cli import installed, terminal
from ssd_operator.errors import Busy, InvalidInput
from ssd_operator.lifecycle.conditions import find
from ssd_operator.local import summary
from ssd_operator.spec.condition_types import ACCEPTED, PROGRESSING
from ssd_operator.spec.status import Delta, ProgressStatus, Score, Status

__all__ = ["show"]


def show(console: Console, name: str, namespace: str, kubeconfig: Path | None) -> int:
    """Print a resource's stages, results and decision."""
    config = kubeconfig or _default()
    if not config.is_file():
        raise InvalidInput(f"{name}: is no file or directory, and {config} names no cluster; set --kubeconfig")
    installed.require("kubernetes", extra="operator")
    status = asyncio.run(_read(name, namespace, config))
    if status == Status():
        console.print(f"{name}: no operator has looked at it yet", markup=False)
        return 0
    table = terminal.table(*terminal.STAGE_HEADINGS)
    for stage in status.stages:
        words = (stage.name, stage.phase, str(stage.attempt or ""), _progress(stage.progress))
        table.add_row(*words, stage.key[:12], stage.message)
    console.print(table)
    for sentence in _sentences(status):
        console.print(sentence, markup=False, soft_wrap=True)
    rows = [
        (row.benchmark, row.grading, *(_score(each) for each in (row.base, row.candidate, row.delta)))
        for row in status.results
    ]
    decision, reasons = ("", ()) if status.promotion is None else (status.promotion.decision, status.promotion.reasons)
    summary.show_results(console, rows, decision, reasons)
    return 0


def _sentences(status: Status) -> Iterator[str]:
    """Yield where the run stands, with the reason and what helps, and why its newest spec is not accepted."""
    progressing, accepted = find(status, PROGRESSING), find(status, ACCEPTED)
    reason = f", {progressing.reason}" if progressing is not None and progressing.reason else ""
    message = f": {progressing.message}" if progressing is not None and progressing.message else ""
    yield f"{status.phase}{reason}{message}"
    if accepted is not None and accepted.status == "False" and accepted.message not in message:
        yield f"{accepted.reason}: {accepted.message}"


async def _read(name: str, namespace: str, kubeconfig: Path) -> Status:
    """Read the resource's status, or say why that is not possible; only a cluster needs its client library."""
    from ssd_operator.cluster import ApiError, Unreadable, connect, read_run, run_key

    api = await connect(kubeconfig)
    try:
        run = await read_run(api, run_key(namespace, name))
    except ApiError as error:
        words = f"{namespace}/{name}: {error.message or error.reason}"
        raise (InvalidInput(words) if error.missing or error.refused else Busy(words)) from None
    finally:
        await api.close()
    if isinstance(run, Unreadable):
        raise run.error
    return run.status


def _default() -> Path:
    """Return the file that kubectl would use."""
    return Path(os.environ.get("KUBECONFIG", "").split(os.pathsep)[0] or Path.home() / ".kube" / "config")


def _progress(seen: ProgressStatus | None) -> str:
    """Show how far a stage is."""
    return f"{seen.done}/{seen.total} {seen.unit}" if seen else ""


def _score(value: Score | Delta | None) -> str:
    """Show a share and its interval."""
    return f"{value.pass_at1} [{value.interval}]" if value else "-"
