"""What is printed at the end leads to what there is."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from cluster.worker import result
from configs import plans
from ssd_operator.local import summary
from ssd_operator.local.state import RunState, StageState
from ssd_operator.local.workdir import Workdir

GRAPH = plans.graph()


@pytest.mark.parametrize("url", ["", "http://mlflow/1/r1"])
def test_a_run_is_opened_where_it_was_recorded(tmp_path: Path, url: str) -> None:
    """A server shows its runs itself; the directory's own database needs the command that does."""
    stages = {node.name: StageState(node.name, "Succeeded", node.key) for node in GRAPH}
    stages["report"].result = result(GRAPH["report"].config).model_copy(update={"url": url}).model_dump(mode="json")
    printed = io.StringIO()
    summary.show(Console(file=printed), RunState("toy", "", stages), GRAPH, Workdir(tmp_path, "toy"))
    text = printed.getvalue()
    assert str(tmp_path / GRAPH["train"].artifacts[0].path / "model") in text
    assert f"run       {url or 'r1'}" in text
    assert (f"mlflow ui --backend-store-uri sqlite:///{tmp_path}/mlflow.db" in text) == (not url)


def test_the_time_of_every_stage_is_printed() -> None:
    """A line per stage in the plan's order and one for the run, where no live table has shown them."""
    stages = {node.name: StageState(node.name, "Succeeded", node.key, started=100, finished=176) for node in GRAPH}
    stages["report"] = StageState("report", "Pending")
    printed = io.StringIO()
    summary.show_times(Console(file=printed), RunState("toy", "", stages, seconds=3700), GRAPH)
    lines = [line.split() for line in printed.getvalue().splitlines()]
    assert [line[0] for line in lines[1:-1]] == [node.name for node in GRAPH]
    assert lines[1][1] == "1m16s"
    assert lines[-2:] == [["report", "-"], ["the", "run", "1h01m"]]
    summary.show_times(Console(file=printed, force_terminal=True), RunState("toy", "", stages), GRAPH)
    assert len(printed.getvalue().splitlines()) == len(lines)
