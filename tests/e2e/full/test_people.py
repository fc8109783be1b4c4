"""What people and their clusters do to a run that is under way; it ends as if nothing had happened."""

import pytest
from mlflow import MlflowClient

from controlplane.waiting import wait_until
from node import faulted, harm
from node.experiments import Experiment
from node.forwarding import forwarded
from node.reader import Cluster
from releases.installable import Installable

MLFLOW = "deployment/ssd-mlflow"
pytestmark = pytest.mark.usefixtures("own_node")


@pytest.fixture(scope="module")
def run(installed: Cluster) -> Experiment:
    """A run in the middle of its training."""
    installed.kubectl.apply(faulted.experiment("interrupted", seed=23), "--server-side")
    found = installed.experiment("interrupted")
    found.wait(lambda each: faulted.step(each.stage("train")) >= 10, what="ten steps of training", seconds=1200)
    return found


def test_suspended_and_resumed(run: Experiment) -> None:
    """Suspended, the gang's pods go and nothing fails; resumed, training goes on."""
    run.kubectl("patch", "sd", run.name, "--type=merge", "-p", '{"spec":{"suspend":true}}')
    run.wait_phase("Suspended", seconds=300)
    wait_until(lambda: not run.pods("train", phase="Running"), what="the gang to go", seconds=400)
    run.kubectl("patch", "sd", run.name, "--type=merge", "-p", '{"spec":{"suspend":false}}')
    run.wait(lambda each: len(each.pods("train", phase="Running")) == 2, what="training again", seconds=300)


def test_drained(run: Experiment) -> None:
    """A drain evicts the gang, which does not count as a failure; afterwards training goes on."""
    harm.drain(run.kubectl, run.pods("train", phase="Running"))
    run.wait(lambda each: not each.pods("train", phase="Running"), what="an empty node", seconds=400)
    harm.undrain(run.kubectl)
    run.wait(lambda each: len(each.pods("train", phase="Running")) == 2, what="training again", seconds=300)


def test_upgraded(run: Experiment, installed: Cluster, release: Installable) -> None:
    """helm upgrades the chart to itself with another value, and the run does not notice."""
    before = run.status["resolvedSpec"]
    installed.shell(
        f"helm upgrade ssd {release.chart.name} --namespace ssd --reuse-values "
        "--set operator.concurrency=4 --wait --timeout 5m"
    )
    assert run.status["resolvedSpec"] == before
    assert run.status["phase"] == "Running"


def test_mlflow_was_away(run: Experiment, installed: Cluster) -> None:
    """Without MLflow the report waits and says so; when it is back, the run ends and is recorded."""
    run.kubectl("scale", MLFLOW, "--replicas=0")
    run.wait(lambda each: each.stage("report").get("phase") == "Running", what="the report", seconds=1800)
    run.wait(lambda each: len(each.pods("report", phase="Failed")) >= 1, what="a report that waits", seconds=600)
    run.kubectl("scale", MLFLOW, "--replicas=1")
    run.wait_phase("Succeeded", seconds=900)
    with forwarded(installed, "svc/ssd-mlflow", 5000) as address:
        found = MlflowClient(address).get_run(run.status["tracking"]["runId"])
    assert found.info.status == "FINISHED"


def test_uninstalled(run: Experiment, installed: Cluster) -> None:
    """helm leaves experiments, their claim and the definition, and says so."""
    said = installed.shell("helm uninstall ssd --namespace ssd")
    assert "kept due to the resource policy" in said
    assert run.document()["status"]["phase"] == "Succeeded"
