"""A report of a round: against the root as well as against the round before, and with its place in the chain."""

from pathlib import Path
from typing import Any

from configs.report import BENCHMARKS, report_config
from ssd_jobs import contract, tracking
from ssd_jobs.contract import files
from ssd_jobs.stages.report import reading
from ssd_jobs.stages.report import stage as report
from tracking import mlflow_server as servers
from workspaces import reported

ROOT = "reports/one"
SECOND = contract.RoundOf(number=2, root_digest="1" * 64, root_report=ROOT)


def test_a_round_is_compared_with_the_root(mlflow_server: str, tmp_path: Path) -> None:
    """The first round keeps the root's scores; the second says what it gained over them, in report and tags."""
    reported.workspace(tmp_path, lcb=False, gain=0.16)
    tracked = servers.tracking(mlflow_server)
    first = contract.RoundOf(number=1, root_digest="", root_report="")
    for round_of, output in ((first, ROOT), (SECOND, "reports/two")):
        wanted: dict[str, Any] = {"benchmarks": BENCHMARKS[1:], "round_of": round_of, "output": output}
        report.run(report_config(tmp_path, tracked, **wanted), reported.context(tmp_path))
    document = reading.document(tmp_path / "reports/two" / files.REPORT_DOCUMENT)
    assert document.round is not None
    assert (document.round.number, document.round.root) == (2, "1" * 64)
    [against] = document.round.against_root
    [comparison] = document.panels[0].comparisons
    assert against.delta[1].value == comparison.delta[1]["all"].value
    assert "humaneval pass@1 against the root, which has " in (tmp_path / "reports/two/summary.md").read_text()
    client = tracking.connect(mlflow_server)
    experiment = client.get_experiment_by_name(tracked.experiment)
    [run] = client.search_runs([experiment.experiment_id], "tags.`ssd.round` = '2'")
    assert run.data.tags["ssd.root"] == "1" * 64
