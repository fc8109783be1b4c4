"""A report killed at any write to MLflow and run again leaves what an undisturbed one leaves."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from configs.report import REPORT_GATE, benchmark, promotion_of, report_config
from ssd_jobs import contract, tracking
from ssd_jobs.contract import files
from ssd_jobs.stages.report import build, decision
from ssd_jobs.stages.report import stage as report
from ssd_jobs.stages.report.document import Document
from ssd_jobs.stages.report.entry import entry
from ssd_jobs.stages.report.evidence import Evidence, gather
from ssd_jobs.tracking import lock, runs, weights
from tracking import mlflow_server
from tracking.crashing import Crashing, Killed
from workspaces import reported

pytestmark = pytest.mark.endurance

STEPS = 40
IGNORING = REPORT_GATE.model_copy(update={"champion": "Ignore"})
IGNORED = tracking.Champion("1", "", "was registered without its scores")
SMALL = (benchmark("lcb-v6", "Process"), benchmark("humaneval", "Process"))


@dataclass(frozen=True)
class Case:
    """One report, computed once, to be published under many names."""

    root: Path
    evidence: Evidence
    outcome: decision.ReportDecision
    document: Document
    server: str

    def config(self) -> contract.ReportConfig:
        """The same report for an experiment and a model of its own."""
        tracked = mlflow_server.tracking(self.server)
        promoted = promotion_of(tracked.experiment, gate=IGNORING)
        return report_config(self.root, tracked, benchmarks=SMALL, promoted=promoted)

    def publish(self, config: contract.ReportConfig, client: Any) -> dict[str, Any]:
        """Tell MLflow."""
        told = entry(config, self.evidence, self.document, self.root / "files")
        card = self.outcome.scorecard
        return report.publish(config, self.document, card, told, reported.context(self.root), client=client)


@pytest.fixture(scope="module")
def case(mlflow_server: str, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """A promoted candidate."""
    root = reported.workspace(tmp_path_factory.mktemp("workspace"), lcb=False)
    (root / "files").mkdir()
    (root / "files" / files.REPORT_PAGE).write_text("<p>report")
    tracked = contract.Tracking(uri=mlflow_server, experiment="x", run_key="x", run_name="x")
    promoted = promotion_of(tracked.experiment, gate=IGNORING)
    config = report_config(root, tracked, benchmarks=SMALL, promoted=promoted)
    evidence = gather(config, root)
    outcome = decision.decide(config, evidence, lambda _window: tracking.Standing(1, IGNORED))
    assert outcome.decision == "Promoted"
    document = build.build(config, evidence, outcome, weights="")
    return Case(root, evidence, outcome, document, mlflow_server)


def reign(case: Case, config: contract.ReportConfig, client: Any) -> None:
    """Make an older version the champion."""
    promotion = config.science.promotion
    assert promotion is not None
    name = promotion.registered_model
    client.create_registered_model(name)
    source = weights.external_source("old", "model")
    client.create_model_version(name, source=source, tags={weights.DIGEST: "old"})
    client.set_registered_model_alias(name, promotion.alias, "1")


def expire_tickets(config: contract.ReportConfig, client: Any) -> None:
    """Let the lease of the killed report be over."""
    promotion = config.science.promotion
    assert promotion is not None
    queue = lock.name_of(promotion.registered_model)
    for ticket in client.search_model_versions(f"name = '{queue}'"):
        client.set_model_version_tag(queue, ticket.version, lock.LEASE, "0")


def check(case: Case, config: contract.ReportConfig, client: Any) -> None:
    """One parent, one child per stage, one version, no point twice, the alias on the new version."""
    tracked, promotion = config.execution.tracking, config.science.promotion
    assert promotion is not None
    experiment = client.get_experiment_by_name(tracked.experiment).experiment_id
    found = {run.data.tags[runs.RUN_KEY]: run for run in client.search_runs([experiment])}
    stages = ["grade-base-lcb-v6", "grade-candidate-lcb-v6", "train"]
    assert sorted(found) == sorted([tracked.run_key, *(f"{tracked.run_key}/{stage}" for stage in stages)])
    assert len(client.search_runs([experiment])) == len(found)
    assert {run.info.status for run in found.values()} == {"FINISHED"}
    parent = found[tracked.run_key]
    for stage in stages:
        assert found[f"{tracked.run_key}/{stage}"].data.tags["mlflow.parentRunId"] == parent.info.run_id
    losses = client.get_metric_history(found[f"{tracked.run_key}/train"].info.run_id, "train/loss")
    assert sorted(point.step for point in losses) == list(range(1, STEPS + 1))
    key = "eval/lcb_v6_2025-02_2025-05/process/pass_at_1/hard"
    assert len(client.get_metric_history(parent.info.run_id, key)) == 1
    assert len({each.dataset.name for each in parent.inputs.dataset_inputs}) == len(parent.inputs.dataset_inputs) > 0
    assert [each.path for each in client.list_artifacts(parent.info.run_id)] == [files.REPORT_PAGE]
    model = client.get_registered_model(promotion.registered_model)
    assert {name: str(version) for name, version in model.aliases.items()} == {"champion": "2"}
    versions = client.search_model_versions(f"name = '{promotion.registered_model}'")
    assert sorted(str(version.version) for version in versions) == ["1", "2"]
    (logged,) = client.search_logged_models([experiment])
    assert str(logged.status) == "READY"


def test_killed_at_any_write_and_run_again(case: Case) -> None:
    """For every write: dying before it, or after it without having heard the answer, changes nothing in the end.

    Dying after write n leaves the server as dying before write n + 1 does, so both are one case each.
    """
    client = tracking.connect(case.server)
    whole = Crashing(client)
    config = case.config()
    reign(case, config, client)
    undisturbed = case.publish(config, whole)
    check(case, config, client)
    for number in range(len(whole.writes)):
        config = case.config()
        reign(case, config, client)
        with pytest.raises(Killed):
            case.publish(config, Crashing(client, at=number, after=number == len(whole.writes) - 1))
        expire_tickets(config, client)
        again = case.publish(config, client)
        check(case, config, client)
        same = ("decision", "reasons", "model_version", "previous_champion", "results")
        assert {name: again[name] for name in same} == {name: undisturbed[name] for name in same}
    assert undisturbed["previous_champion"] == "1"


def test_publishing_again_writes_almost_nothing(case: Case) -> None:
    """A second publication of the same report writes its files again and nothing else."""
    client = tracking.connect(case.server)
    config = case.config()
    case.publish(config, client)
    second = Crashing(client)
    case.publish(config, second)
    assert second.writes == ["log_artifacts"]
