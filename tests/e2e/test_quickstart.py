"""The quickstart page, carried out word for word; what a user would look at afterwards."""

import json
import re
from collections.abc import Iterator

import pytest
from mlflow import MlflowClient

from node.experiments import Experiment
from node.forwarding import forwarded
from node.reader import Cluster
from ssd_jobs import artifacts
from ssd_jobs.contract import files

STAGES = (
    "prepare",
    "sample",
    "curate",
    "train",
    "generate-base-toy-select",
    "grade-base-toy-select",
    "select-base-toy",
    "generate-base-toy",
    "grade-base-toy",
    "generate-candidate-toy-select",
    "grade-candidate-toy-select",
    "select-candidate-toy",
    "generate-candidate-toy",
    "grade-candidate-toy",
    "generate-base-toy-chosen",
    "grade-base-toy-chosen",
    "generate-candidate-toy-chosen",
    "grade-candidate-toy-chosen",
    "report",
)


@pytest.fixture(scope="module")
def mlflow(toy: Experiment, installed: Cluster) -> Iterator[MlflowClient]:
    """The bundled MLflow, through the page's port-forward."""
    with forwarded(installed, "svc/ssd-mlflow", 5000) as address:
        yield MlflowClient(address)


def test_the_installation_answers(installed: Cluster) -> None:
    """`helm test` gets a plan from the operator."""
    said = installed.said["helm test ssd --namespace ssd"]
    phases = re.findall(r"TEST SUITE: +\S+\n(?:.+\n)*?Phase: +(\w+)", said)
    assert phases
    assert set(phases) == {"Succeeded"}


def test_every_stage_succeeds(toy: Experiment) -> None:
    """Every stage is done at its first attempt, in an order that its needs allow."""
    stages = toy.status["stages"]
    assert {each["name"] for each in stages} == set(STAGES)
    assert {each["phase"] for each in stages} == {"Succeeded"}
    assert {each["attempt"] for each in stages} == {1}


def test_sampling_and_training_are_two_pods_each(toy: Experiment) -> None:
    """Two shards sample and two nodes train, in pods of their own."""
    for stage in ("sample", "train"):
        assert len(toy.pods(stage, phase="Succeeded")) == 2


def test_no_pod_holds_a_token(toy: Experiment) -> None:
    """No pod of an experiment has a service account's token, or runs as root."""
    for stage in STAGES:
        for pod in toy.pods(stage):
            assert pod["spec"]["automountServiceAccountToken"] is False
            assert pod["spec"]["securityContext"]["runAsUser"] == 65532


def test_the_table_shows_the_result(toy: Experiment, installed: Cluster) -> None:
    """`kubectl get sd` shows phase, both scores and the age."""
    head, row = installed.kubectl("get", "sd", "toy").splitlines()
    assert head.split() == ["NAME", "PHASE", "REASON", "STAGE", "PROGRESS", "BASE", "CANDIDATE", "AGE"]
    assert re.fullmatch(r"toy +Succeeded .*0\.\d+ +0\.\d+ +\S+", row)


def test_events_tell_the_story(toy: Experiment) -> None:
    """Each stage started and succeeded, the run succeeded last, and nothing else had to be said twice."""
    reasons = toy.events()
    assert reasons.count("StageStarted") == reasons.count("StageSucceeded") == len(STAGES)
    assert reasons[0] == "StageStarted"
    assert reasons[-1] == "Succeeded"
    assert not {"StageRetried", "StageFailed", "StageSkipped"} & set(reasons)


@pytest.mark.usefixtures("own_node")
def test_files_are_what_their_manifests_say(toy: Experiment) -> None:
    """Every artifact on the volume is complete, and its files have the digests of its manifest."""
    manifests = sorted(toy.volume().rglob(files.MANIFEST))
    assert len(manifests) >= len(STAGES)
    for manifest in manifests:
        artifacts.open_artifact(manifest.parent).verify()


@pytest.mark.usefixtures("own_node")
def test_the_status_names_what_is_on_the_volume(toy: Experiment) -> None:
    """The paths in the status lead to the artifacts; which ones a stage makes that follows a choice is not in it."""
    named = [each for each in toy.status["stages"] if "artifact" in each]
    assert {each["name"] for each in named} == {each for each in STAGES if not each.endswith("-chosen")}
    for stage in named:
        folder = toy.volume() / stage["artifact"]["path"]
        assert list(folder.rglob(files.MANIFEST)), stage


def test_runs_are_in_mlflow(toy: Experiment, mlflow: MlflowClient) -> None:
    """The run of the status has metrics, the report, and a finished child for every stage before the report."""
    where = toy.status["tracking"]
    parent = mlflow.get_run(where["runId"])
    assert parent.info.status == "FINISHED"
    assert [name for name in parent.data.metrics if name.startswith("eval/toy/process/pass_at_1")]
    assert [each for each in mlflow.list_artifacts(where["runId"]) if each.path.endswith(".html")]
    children = mlflow.search_runs(
        [where["experimentId"]], f"tags.`mlflow.parentRunId` = '{where['runId']}'", max_results=100
    )
    assert {each.data.tags["ssd.stage"] for each in children} >= set(STAGES) - {"report"}
    assert {each.info.status for each in children} == {"FINISHED"}


def test_training_is_a_curve(toy: Experiment, mlflow: MlflowClient) -> None:
    """The loss of every optimizer step is in MLflow once, at its own step."""
    where = toy.status["tracking"]
    [train] = mlflow.search_runs(
        [where["experimentId"]], f"tags.`mlflow.parentRunId` = '{where['runId']}' and tags.`ssd.stage` = 'train'"
    )
    [name] = [each for each in train.data.metrics if each.endswith("loss")]
    steps = [each.step for each in mlflow.get_metric_history(train.info.run_id, name)]
    assert steps == sorted(set(steps))
    assert len(steps) > 10


def test_the_better_model_has_the_alias(toy: Experiment, mlflow: MlflowClient) -> None:
    """The candidate is registered with its lineage, and the alias is where the gate says."""
    promotion = toy.status["promotion"]
    assert promotion["decision"] == "Promoted", json.dumps(toy.status, indent=1)
    champion = mlflow.get_model_version_by_alias("toy", "champion")
    assert champion.version == promotion["modelVersion"]
    assert champion.run_id == toy.status["tracking"]["runId"]
    assert any("digest" in name for name in champion.tags)
