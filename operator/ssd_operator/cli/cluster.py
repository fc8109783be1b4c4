"""`ssd status NAME`: a cluster's resource in the same words as a directory's."""

import asyncio
import os
from pathlib import Path
from typing import Any

from rich.console import Console

from ssd_operator import naming
from ssd_operator.cli import installed, terminal
from ssd_operator.errors import Busy, InvalidInput
from ssd_operator.local import summary

__all__ = ["show"]


def show(console: Console, name: str, namespace: str, kubeconfig: Path | None) -> int:
    """Print a resource's stages, results and decision."""
    found = kubeconfig or _default()
    if not found.is_file():
        raise InvalidInput(f"{name}: is no file or directory, and {found} names no cluster; set --kubeconfig")
    installed.require("kubernetes", extra="operator")
    status = asyncio.run(_get(name, namespace, found)).get("status", {})
    if not status:
        console.print(f"{name}: no operator has looked at it yet", markup=False)
        return 0
    table = terminal.table(*terminal.STAGE_HEADINGS)
    for stage in status.get("stages", []):
        words = (stage["name"], stage["phase"], str(stage.get("attempt", "")), _progress(stage))
        table.add_row(*words, stage.get("key", "")[:12], stage.get("message", ""))
    console.print(table)
    for condition in status.get("conditions", []):
        if condition["status"] == "True" and condition.get("message"):
            console.print(f"{condition['type']}: {condition['message']}", markup=False, soft_wrap=True)
    rows = [
        (row["benchmark"], row["grading"], *(_score(row.get(arm)) for arm in ("base", "candidate", "delta")))
        for row in status.get("results", [])
    ]
    promotion = status.get("promotion", {})
    summary.show_results(console, rows, promotion.get("decision", ""), promotion.get("reasons", []))
    return 0


async def _get(name: str, namespace: str, kubeconfig: Path) -> dict[str, Any]:
    """Read the resource, or say why that is not possible; only a cluster needs its client library."""
    from ssd_operator.cluster import ApiError, connect

    api = await connect(kubeconfig)
    try:
        return await api.get(naming.KIND, namespace, name)
    except ApiError as error:
        words = f"{namespace}/{name}: {error.message or error.reason}"
        raise (InvalidInput(words) if error.missing or error.refused else Busy(words)) from None
    finally:
        await api.close()


def _default() -> Path:
    """Return the file that kubectl would use."""
    return Path(os.environ.get("KUBECONFIG", "").split(os.pathsep)[0] or Path.home() / ".kube" / "config")


def _progress(stage: dict[str, Any]) -> str:
    """Show how far a stage is."""
    seen = stage.get("progress")
    return f"{seen['done']}/{seen['total']} {seen['unit']}" if seen else ""


def _score(value: dict[str, Any] | None) -> str:
    """Show a share and its interval."""
    return f"{value['passAt1']} [{value['interval']}]" if value else "-"
