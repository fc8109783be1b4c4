"""Reports one after another for one registered model: each is compared with the champion, and each is a look."""

from pathlib import Path
from typing import Any

import pytest

from configs.report import REPORT_GATE, benchmark, promotion_of, report_config
from ssd_jobs import contract, tracking
from ssd_jobs.contract import files
from ssd_jobs.errors import Temporary
from ssd_jobs.stages.report import stage as report
from tracking import mlflow_server
from workspaces import reported

BENCHMARKS = (benchmark("lcb-v6", "Process", swept=True), benchmark("humaneval", "Process"))
PATIENT = REPORT_GATE.model_copy(update={"max_difficulty_drop": 1.0, "pass_at_5": False, "guards": ()})


class Reports:
    """Reports of several candidates for one registered model."""

    def __init__(self, uri: str, root: Path) -> None:
        self.uri, self.root = uri, root
        self.model = mlflow_server.tracking(uri).experiment
        self.client = tracking.connect(uri)

    def config(self, name: str, *, gain: float) -> contract.ReportConfig:
        """The config of a candidate's report; the same name is the same candidate."""
        root = self.root / name
        if not root.exists():
            root.mkdir()
            reported.workspace(root, lcb=False, gain=gain, weights=name.encode())
        promoted = promotion_of(self.model, gate=PATIENT)
        tracked = mlflow_server.tracking(self.uri)
        return report_config(root, tracked, benchmarks=BENCHMARKS, promoted=promoted)

    def run(self, name: str, *, gain: float) -> contract.ReportResult:
        """Write a candidate's report."""
        return report.run(self.config(name, gain=gain), reported.context(self.root / name))

    def page(self, name: str) -> str:
        """Return a report's page."""
        return (self.root / name / "reports/one" / files.REPORT_PAGE).read_text()

    def champion(self) -> str:
        """Return the version that is champion."""
        return str(self.client.get_registered_model(promotion_of(self.model).registered_model).aliases["champion"])


@pytest.fixture
def reports(mlflow_server: str, tmp_path: Path) -> Reports:
    """A registered model of its own."""
    return Reports(mlflow_server, tmp_path)


def test_a_smaller_gain_is_held_by_the_champion(reports: Reports) -> None:
    """+6 after +16 is a challenger; each candidate is a look, and page and reasons say which."""
    assert reports.run("large", gain=0.16).decision == "Promoted"
    assert "This is look 1 at lcb-v6 2025-02_2025-05; there was no champion." in reports.page("large")
    held = reports.run("small", gain=0.06)
    assert (held.decision, held.model_version, reports.champion()) == ("Held", "2", "1")
    assert "against the champion, version 1 (T 0.7, top-k 20, top-p 0.8): " in held.reasons[0]
    assert held.reasons[1] == "look 2 at lcb-v6 2025-02_2025-05: a gain must be shown at 98.75 %"
    words = "look 2 at lcb-v6 2025-02_2025-05, which is why gains must be shown at 98.75 %; version 1 was champion."
    assert words in reports.page("small")


def test_a_champion_that_came_meanwhile_is_not_replaced(reports: Reports, monkeypatch: pytest.MonkeyPatch) -> None:
    """Judged before and registered after another's promotion, a report ends as temporary, to be judged again."""
    other = reports.config("other", gain=0.16)
    told = tracking.record

    def late(*arguments: Any, **named: Any) -> Any:
        monkeypatch.setattr(tracking, "record", told)
        assert report.run(other, reported.context(reports.root / "other")).decision == "Promoted"
        return told(*arguments, **named)

    monkeypatch.setattr(tracking, "record", late)
    with pytest.raises(Temporary, match="version 1 is champion by now, and version 2 was not compared with it"):
        reports.run("mine", gain=0.06)
    assert reports.champion() == "1"
