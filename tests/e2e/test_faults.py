"""One run that is hit again and again, and ends as if nothing had happened."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from mlflow import MlflowClient

from node import faulted, harm
from node.experiments import Experiment
from node.forwarding import forwarded
from node.reader import Cluster
from ssd_jobs import artifacts
from ssd_jobs.contract import files
from ssd_operator import naming

GRADE = "grade-candidate-toy"
pytestmark = pytest.mark.usefixtures("own_node")


@pytest.fixture(scope="module")
def survivor(installed: Cluster) -> Experiment:
    """A run whose sampler is killed, training pod deleted, sandbox's memory used up, and the operator killed thrice."""
    kubectl = installed.kubectl
    kubectl.apply(faulted.experiment("faulted", seed=11), "--server-side")
    run = installed.experiment("faulted")
    with harm.operator_dies(kubectl, times=3, seed=11):
        run.wait(lambda each: bool(each.pods("sample", phase="Running")), what="sampling", seconds=900)
        harm.kill_worker(run.pods("sample", phase="Running")[0])
        run.wait(lambda each: faulted.step(each.stage("train")) >= 10, what="ten steps of training", seconds=1800)
        last = run.pods("train", phase="Running")[-1]
        kubectl("delete", "pod", last["metadata"]["name"], "--grace-period=0", "--force")
        run.wait(lambda each: bool(each.pods(GRADE, phase="Running")), what="grading", seconds=1800)
        run.wait(faulted.grading, what="verdicts", seconds=900)
        harm.exhaust_sandbox(run.pods(GRADE)[0])
        run.wait(_sandbox_had_no_memory, what="an out-of-memory kill that the kubelet tells", seconds=300)
        run.wait_phase("Succeeded", seconds=1800)
    return run


def _sandbox_had_no_memory(run: Experiment) -> bool:
    return "OOMKilled" in faulted.sandbox_ends(run.pods(GRADE)[0])


@pytest.fixture(scope="module")
def mlflow(installed: Cluster) -> Iterator[MlflowClient]:
    """The bundled MLflow."""
    with forwarded(installed, "svc/ssd-mlflow", 5000) as address:
        yield MlflowClient(address)


def test_a_killed_sampler_is_replaced(survivor: Experiment) -> None:
    """The shard whose process was killed was done by another pod of the same Job."""
    assert survivor.stage("sample")["attempt"] == 1
    killed, done = (survivor.pods("sample", phase=phase) for phase in ("Failed", "Succeeded"))
    assert killed
    assert sorted(map(_index, done)) == [0, 1]


def _index(pod: dict[str, Any]) -> int:
    """Return which shard a pod of an Indexed Job is for."""
    return int(pod["metadata"]["labels"]["batch.kubernetes.io/job-completion-index"])


def test_a_lost_gang_continues(survivor: Experiment, mlflow: MlflowClient) -> None:
    """The gang that lost a pod went on from its checkpoint: each step is there once, the first from before the loss."""
    assert survivor.stage("train")["attempt"] == 2
    assert "StageRetried" in survivor.events()
    where = survivor.status["tracking"]
    [train] = mlflow.search_runs(
        [where["experimentId"]], f"tags.`mlflow.parentRunId` = '{where['runId']}' and tags.`ssd.stage` = 'train'"
    )
    [name] = [each for each in train.data.metrics if each.endswith("loss")]
    points = mlflow.get_metric_history(train.info.run_id, name)
    assert [each.step for each in points] == sorted({each.step for each in points})
    second = [pod for pod in survivor.pods("train") if pod["metadata"]["labels"][naming.LABEL_ATTEMPT] == "2"]
    again = min(datetime.fromisoformat(pod["status"]["startTime"]) for pod in second)
    assert len([each for each in points if each.timestamp < again.timestamp() * 1000]) >= 5


def test_a_sandbox_without_memory_is_started_again(survivor: Experiment) -> None:
    """The kubelet gives the grader a new sandbox; the pod is the first one, and every verdict is the right one."""
    assert survivor.stage(GRADE)["attempt"] == 1
    [pod] = survivor.pods(GRADE)
    [sandbox] = pod["status"]["initContainerStatuses"]
    assert sandbox["restartCount"] >= 1
    verdicts, others = faulted.verdicts_that_differ(survivor, pod)
    assert verdicts > 0
    assert others == []


def test_what_was_written_is_whole(survivor: Experiment) -> None:
    """Every artifact of the volume is complete and has the digests of its manifest."""
    for manifest in survivor.volume().rglob(files.MANIFEST):
        artifacts.open_artifact(manifest.parent).verify()
