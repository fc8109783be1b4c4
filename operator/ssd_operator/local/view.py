"""What a person sees while an experiment runs: one live table on a terminal, plain lines elsewhere."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ssd_jobs.contract.printable import printable
from ssd_operator.local import progress
from ssd_operator.local.state import StageState
from ssd_operator.plan import Graph, Node

__all__ = ["View", "duration", "line"]

LIVE_INTERVAL_S = 0.5
LINE_INTERVAL_S = 30.0
SIGNS = {"Pending": "·", "Running": "▶", "Succeeded": "✔", "Failed": "✘", "Skipped": "–"}
STYLES = {"Pending": "dim", "Running": "bold cyan", "Succeeded": "green", "Failed": "bold red", "Skipped": "yellow"}
SHOWN = ("tokens_per_s", "output_tokens_per_s", "loss", "grad_norm")


class View:
    """Shows the stages of one run; `moved` shows transitions, `watch` progress."""

    def __init__(
        self, console: Console, workspace: Path, graph: Callable[[], Graph], states: dict[str, StageState]
    ) -> None:
        self._console = console
        self._workspace = workspace
        self._graph = graph
        self._states = states

    def moved(self, node: Node, state: StageState) -> None:
        """Show that a stage has moved on; the live table reads it by itself."""
        if not self._console.is_terminal:
            line(self._console, node, state)

    async def watch(self) -> None:
        """Show progress until cancelled."""
        if self._console.is_terminal:
            await self._live()
        else:
            await self._lines()

    async def _live(self) -> None:
        """Redraw one table."""
        with Live(self._table(), console=self._console, auto_refresh=False) as live:
            try:
                while True:
                    live.update(self._table(), refresh=True)
                    await asyncio.sleep(LIVE_INTERVAL_S)
            finally:
                live.update(self._table(), refresh=True)

    async def _lines(self) -> None:
        """Print a line per running stage now and then."""
        while True:
            await asyncio.sleep(LINE_INTERVAL_S)
            for node in self._graph():
                state = self._states.get(node.name)
                if state is not None and state.phase == "Running":
                    seen = progress.read(self._workspace, node)
                    text = _sentence(seen) if seen else "starting"
                    self._console.print(f"{_clock()} {node.name} {text}", markup=False, soft_wrap=True)

    def _table(self) -> Table:
        """Draw all stages."""
        table = Table(box=None, pad_edge=False, header_style="dim")
        for heading in ("", "STAGE", "PROGRESS", "", "NOW", "TIME", "LEFT"):
            table.add_column(
                heading, justify="right" if heading in ("TIME", "LEFT") else "left", no_wrap=heading != "NOW"
            )
        for node in self._graph():
            table.add_row(*self._row(node))
        return table

    def _row(self, node: Node) -> tuple[RenderableType, ...]:
        """Draw one stage."""
        state = self._states.get(node.name) or StageState(node.name)
        style = STYLES[state.phase]
        sign, name = Text(SIGNS[state.phase], style), Text(node.name, style)
        if state.phase == "Running" and not state.message:
            seen = progress.read(self._workspace, node)
            spent = time.time() - state.started
            if seen is None or not seen.total:
                doing = seen.text if seen and seen.text else "starting"
                return sign, name, Text(printable(doing), "dim"), "", "", duration(spent), ""
            bar = ProgressBar(total=seen.total, completed=seen.done, width=24)
            left = duration(seen.left_s) if seen.left_s else ""
            return sign, name, bar, seen.text, _values(seen), duration(spent), left
        took = duration(state.finished - state.started) if state.finished else ""
        return sign, name, Text(printable(state.message), style), "", "", took, ""


def line(console: Console, node: Node, state: StageState, *, of: str = "") -> None:
    """Print that a stage has moved on, of one of several runs if need be."""
    took = f" after {duration(state.finished - state.started)}" if state.phase in ("Succeeded", "Failed") else ""
    message = f": {state.message}" if state.message else ""
    run = f"{of}: " if of else ""
    console.print(f"{_clock()} {run}{node.name} {state.phase.lower()}{took}{message}", markup=False, soft_wrap=True)


def _sentence(seen: progress.Progress) -> str:
    """Say how far a stage is on one line."""
    left = f"{duration(seen.left_s)} left" if seen.left_s else ""
    return "  ".join(filter(None, (seen.text, _values(seen), left)))


def _values(seen: progress.Progress) -> str:
    """Show the values that people look for."""
    parts = [
        f"{seen.values[name]:.4g} {name.replace('_per_s', '/s').replace('_', ' ')}"
        for name in SHOWN
        if name in seen.values
    ]
    return "  ".join(parts)


def duration(seconds: float) -> str:
    """Return a time span as people read it."""
    whole = round(max(0.0, seconds))
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}h{minutes:02d}m" if hours else f"{minutes}m{whole % 60:02d}s" if minutes else f"{whole}s"


def _clock() -> str:
    """Show the time of day."""
    return time.strftime("%H:%M:%S")
