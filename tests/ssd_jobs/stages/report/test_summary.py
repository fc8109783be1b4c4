"""The summary says everything once, as text."""

from pathlib import Path

from configs.report import report_config
from ssd_jobs import contract
from ssd_jobs.stages.report import summary, training_data
from ssd_jobs.stages.report.document import Document
from ssd_jobs.stages.report.evidence import Evidence

TRACKING = contract.Tracking(uri="http://x", experiment="x", run_key="x", run_name="x")
CONFIG = report_config(Path(), TRACKING, benchmarks=(), artifacts=(), candidate="")


def _document(*, reasons: tuple[str, ...], failed: dict[str, str], experiment: str = "demo") -> Document:
    return Document(
        format=1,
        experiment=experiment,
        key="k",
        decision="Skipped",
        register_candidate=False,
        reasons=reasons,
        checks=(),
        circumstances=None,
        decisive=None,
        confidence=0.95,
        replicates=100,
        panels=(),
        disagreements=(),
        stages=(),
        failed=failed,
        notes=(),
        candidate="",
        candidate_digest="",
        weights="",
        training=training_data.read(CONFIG, Evidence()),
        samples=(),
    )


def test_a_failed_stage_is_named_once() -> None:
    """A stage whose failure is the reason of the decision is not listed again; another one is."""
    found = summary.render(
        _document(reasons=("train failed: no memory",), failed={"train": "no memory", "analyze": "no disk"})
    )
    assert found == "# demo: Skipped\n\n* train failed: no memory\n\n* analyze failed: no disk\n"


def test_foreign_text_steers_no_terminal() -> None:
    """Control characters are escaped, and no text ends its line."""
    found = summary.render(_document(reasons=(), failed={"train": "\x1b[2J\n# Promoted"}, experiment="a\u202eb"))
    assert found.splitlines() == ["# a\\u202eb: Skipped", "", "", r"* train failed: \x1b[2J\n# Promoted"]
