"""Rows of the decisions that the state machine does not tell apart: words, reasons, moments."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cluster.model import START, Cluster
from ssd_operator.lifecycle import advance, events_between, expires, is_over, job_end, next_look
from ssd_operator.lifecycle.conditions import find
from ssd_operator.spec.status import ProgressStatus, StageStatus, Status


def started(**sections: object) -> Cluster:
    """Return a run whose first stage is at work."""
    cluster = Cluster(**sections)
    cluster.settle()
    return cluster


EVALUATION = ("generate", "grade", "select", "generate", "grade")
"""Kinds of stages from a model to verdicts at the chosen settings."""


def finish(cluster: Cluster, *kinds: str) -> None:
    """Complete the Jobs of these kinds, one after the other."""
    for kind in kinds:
        for job in cluster.live():
            if job.name.startswith(f"ssd-{kind}-"):
                cluster.end(job.name)
        cluster.settle()


def finish_all(cluster: Cluster) -> None:
    """Complete every Job until the run is over."""
    while not is_over(cluster.status):
        for job in cluster.live():
            cluster.end(job.name)
        cluster.settle()


def fail(cluster: Cluster, kind: str) -> None:
    """Let the Job of this kind end for good."""
    [name] = [job.name for job in cluster.live() if job.name.startswith(f"ssd-{kind}-")]
    cluster.end(name, ending="Failed", code=64)
    cluster.settle()


def by_name(cluster: Cluster) -> dict[str, StageStatus]:
    """Return the stages."""
    return {stage.name: stage for stage in cluster.status.stages}


def rerun(cluster: Cluster, start: str, nonce: str) -> None:
    """Ask for the same again from a stage on, after the end of a run."""
    spec = cluster.place.spec
    cluster.change(spec.model_copy(update={"rerun": spec.rerun.model_copy(update={"start": start, "nonce": nonce})}))
    cluster.reopened = True
    cluster.settle()


def test_the_intent_is_written_before_the_job_is_made() -> None:
    """After one decision the status names a Job that nobody has made yet."""
    cluster = Cluster()
    cluster.decide()
    [reference] = cluster.status.stages[0].jobs
    assert reference.uid == ""
    assert cluster.jobs == {}
    cluster.act()
    assert reference.name in cluster.jobs


def test_independent_stages_run_side_by_side() -> None:
    """After prepare, sampling and the base's generation are both at work."""
    cluster = started()
    finish(cluster, "prepare")
    assert sorted(job.name.split("-")[1] for job in cluster.live()) == ["generate", "generate", "sample"]


@pytest.mark.parametrize(
    ("message", "codes", "disrupted", "kind"),
    [
        ("failed with exit code 64 matching FailJob rule at index 1", [], False, "BadInput"),
        ("has condition DisruptionTarget matching FailJob rule at index 0", [], False, "Disrupted"),
        ("failed with exit code 75 matching FailJob rule at index 2", [], False, "Temporary"),
        ("failed with exit code 75 matching FailJob rule at index 2", [75, 1], False, "Counted"),
        ("failed with exit code 75 matching FailJob rule at index 2", [75, 64], False, "BadInput"),
        ("failed with exit code 75 matching FailJob rule at index 2", [75, 75], True, "Disrupted"),
        ("", [1, 75], False, "Counted"),
        ("", [], False, "Counted"),
    ],
)
def test_why_a_gang_ended(message: str, codes: list[int], disrupted: bool, kind: str) -> None:
    """The Job's rule decides where pods are gone; where they are there, the gravest of them does."""
    cluster = started()
    name = cluster.live()[0].name
    cluster.end(name, ending="Failed", code=1)
    job = replace(cluster.jobs[name], reason="PodFailurePolicy" if message else "BackoffLimitExceeded", message=message)
    [pod] = cluster.pods[name]
    pods = [replace(pod, exit_code=code, name=f"p{number}") for number, code in enumerate(codes)]
    if disrupted:
        pods[0] = replace(pods[0], disrupted=True)
    assert job_end.gang(job, pods).kind == kind


def test_an_out_of_memory_kill_says_what_to_do() -> None:
    """The message names the field that gives the pod more."""
    cluster = started()
    name = cluster.live()[0].name
    cluster.end(name, ending="Failed", code=137)
    [pod] = cluster.pods[name]
    cluster.pods[name] = (replace(pod, end_reason="OOMKilled"),)
    cluster.settle()
    assert "raise resources.limits.memory" in cluster.status.stages[0].message
    assert cluster.status.phase == "Failed"


def test_nothing_follows_a_prepare_that_failed() -> None:
    """Without what prepare makes not even a report can be written."""
    cluster = started()
    cluster.end(cluster.live()[0].name, ending="Failed", code=64)
    cluster.settle()
    phases = {stage.name: stage.phase for stage in cluster.status.stages}
    assert phases.pop("prepare") == "Failed"
    assert set(phases.values()) == {"Skipped"}


def test_a_later_rerun_keeps_what_an_earlier_one_made() -> None:
    """Grading again reads the curation that an earlier rerun asked for, not the one that failed before it."""
    cluster = started()
    finish(cluster, "prepare", "sample")
    fail(cluster, "curate")
    finish(cluster, *EVALUATION, "report")
    assert cluster.status.phase == "Failed"
    rerun(cluster, "Curate", "a")
    finish(cluster, "curate", "train", *EVALUATION, "report")
    assert cluster.status.phase == "Succeeded"
    later = ("grade", "select", "report")
    kept = {
        each.name: each
        for each in cluster.status.stages
        if each.name.split("-")[0] not in later and not each.name.endswith("-chosen")
    }
    rerun(cluster, "Grade", "b")
    assert {name: stage for name, stage in by_name(cluster).items() if name in kept} == kept
    finish(cluster, "grade", "select", "generate", "grade", "report")
    assert cluster.status.phase == "Succeeded"


def test_a_recipe_that_failed_before_is_tried_again_when_it_is_asked_for_again() -> None:
    """Going back to an earlier nonce makes another attempt: the old Job's failure is no answer to a new question."""
    cluster = started()
    finish(cluster, "prepare", "sample")
    fail(cluster, "curate")
    finish(cluster, *EVALUATION, "report")
    for nonce in ("a", "b"):
        rerun(cluster, "Curate", nonce)
        fail(cluster, "curate")
        finish(cluster, "report")
        assert cluster.status.phase == "Failed"
    rerun(cluster, "Curate", "a")
    assert (by_name(cluster)["curate"].phase, by_name(cluster)["curate"].attempt) == ("Pending", 2)
    finish(cluster, "curate", "train", *EVALUATION, "report")
    assert cluster.status.phase == "Succeeded"


def test_a_stage_that_speaks_of_a_deadline_failed_by_itself() -> None:
    """Only the run's own deadline is a reason of its own; a server's is a stage's failure like any other."""
    cluster = started()
    [name] = [job.name for job in cluster.live()]
    cluster.end(name, ending="Failed", code=64)
    [pod] = cluster.pods[name]
    cluster.pods[name] = (replace(pod, message="MLflow: deadline exceeded"),)
    cluster.settle()
    assert "deadline exceeded" in cluster.status.stages[0].message
    assert find(cluster.status, "Failed").reason == "StageFailed"  # type: ignore[union-attr]


def test_suspension_does_not_use_up_the_deadline() -> None:
    """An hour suspended is an hour more."""
    cluster = started(deadline="1h")
    cluster.suspended = True
    cluster.settle()
    cluster.forward(7200)
    cluster.settle()
    cluster.suspended = False
    cluster.settle()
    assert cluster.status.suspended_seconds == 7200
    cluster.forward(3000)
    cluster.settle()
    assert cluster.status.phase in {"Running", "Pending"}
    cluster.forward(1000)
    cluster.settle()
    assert cluster.status.phase == "Failed"
    assert find(cluster.status, "Failed").reason == "DeadlineExceeded"  # type: ignore[union-attr]
    assert cluster.live() == []


def test_a_foreign_job_is_never_touched() -> None:
    """A Job with our name and another key stays as it is, and the stage says so."""
    cluster = Cluster()
    cluster.decide()
    cluster.act()
    name = next(iter(cluster.jobs))
    cluster.made.clear()
    cluster.jobs[name] = replace(cluster.jobs[name], key="f" * 64, owners=())
    for _ in range(3):
        cluster.decide()
        assert cluster.act() == 0
    assert "belongs to something else" in cluster.status.stages[0].message


def test_progress_is_shown_in_the_column() -> None:
    """The stage that runs and how far it is are what `kubectl get` prints."""
    cluster = started()
    finish(cluster, "prepare", "sample", "curate")
    [train] = [job.name for job in cluster.live() if "-train-" in job.name]
    [stage] = [stage for stage in cluster.status.stages if stage.name == "train"]
    assert stage.jobs[0].name == train
    now = cluster.status.model_copy(
        update={
            "stages": tuple(
                each.model_copy(update={"phase": "Running"}) if each.name == "train" else each
                for each in cluster.status.stages
            )
        }
    )
    inputs = replace(cluster.inputs(), progress={"train": ProgressStatus(unit="steps", done=1250, total=2500)})
    shown = advance(now, inputs, cluster.planner)
    assert (shown.stage, shown.progress) == ("Train", "1250/2500 steps")


def test_every_transition_is_one_event() -> None:
    """An event for each beginning and each end of a stage, and none when nothing changed."""
    cluster = started()
    events = events_between(Status(), cluster.status)
    assert [each.reason.word for each in events] == ["StageStarted"]
    assert events_between(cluster.status, cluster.status) == []
    before = cluster.status
    finish(cluster, "prepare")
    assert sorted(each.reason.word for each in events_between(before, cluster.status)) == [
        "StageStarted",
        "StageStarted",
        "StageStarted",
        "StageSucceeded",
    ]


def test_when_to_look_again() -> None:
    """A resource with nothing but a deadline is looked at then; one that ended with a time to live, at its end."""
    cluster = started(deadline="2h")
    assert next_look(cluster.status, cluster.inputs()) == pytest.approx(7200, abs=5)
    done = started(ttlAfterFinished="1h")
    finish(done, "prepare", "sample", "curate", "train", *EVALUATION, "report")
    assert done.status.phase == "Succeeded"
    assert expires(done.status, done.inputs()) == START + timedelta(hours=1)
    assert next_look(done.status, done.inputs()) == pytest.approx(3600, abs=5)


def test_a_change_after_the_end_is_answered() -> None:
    """`kubectl wait` looks at a condition's own generation: the end holds for every later one as well."""
    cluster = started()
    finish_all(cluster)
    ended = cluster.status
    cluster.status = advance(ended, replace(cluster.inputs(), generation=7), cluster.planner)
    assert {each.observed_generation for each in cluster.status.conditions} == {7}
    assert cluster.status.observed_generation == 7
    assert [each.last_transition_time for each in cluster.status.conditions] == [
        each.last_transition_time for each in ended.conditions
    ]


def test_a_wrong_change_after_the_end_is_said() -> None:
    """A new gate that cannot be is no silence: the run stays what it was, and the spec is not accepted."""
    cluster = started()
    finish_all(cluster)
    wrong = advance(
        cluster.status, replace(cluster.inputs(), generation=7, problem="spec.promotion: no"), cluster.planner
    )
    accepted = find(wrong, "Accepted")
    assert accepted is not None
    assert (accepted.status, accepted.message, wrong.phase) == ("False", "spec.promotion: no", "Succeeded")
    assert [each.reason.word for each in events_between(cluster.status, wrong)] == ["NotAccepted"]
    assert advance(wrong, replace(cluster.inputs(), generation=8), cluster.planner).conditions[0].status == "True"


def test_a_suspension_before_the_first_job_is_no_time_of_the_run() -> None:
    """The deadline counts from the first Job: what was waited before moves nothing."""
    cluster = Cluster()
    cluster.suspended = True
    cluster.settle()
    cluster.forward(3600)
    cluster.suspended = False
    cluster.settle()
    assert cluster.status.suspended_seconds == 0


def test_the_longest_path_fits_into_the_status() -> None:
    """A status that the definition refuses could never be written, and nothing would ever be said."""
    cluster = started(model={"source": {"path": "a/" + "b" * 500}})
    written = cluster.status.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
    assert Status.read(written, path="status").model == "b" * 256


def progressing(cluster: Cluster) -> str:
    """Return the reason of the condition Progressing."""
    condition = find(cluster.status, "Progressing")
    assert condition is not None
    return condition.reason


def said_after(cluster: Cluster, seconds: int, reason: str) -> None:
    """What takes time is no reason, until the moment at which the cluster is looked at again because of it."""
    cluster.decide()
    assert progressing(cluster) == "StageRunning"
    delay = next_look(cluster.status, cluster.inputs())
    assert delay is not None
    assert seconds <= delay < seconds + 1
    cluster.forward(delay)
    cluster.decide()
    assert progressing(cluster) == reason


def test_a_job_without_pods_is_looked_at_when_that_has_lasted() -> None:
    """Nothing tells of pods that were refused: the first half minute is silent, then it is said, once."""
    cluster = started()
    [job] = cluster.live()
    cluster.jobs[job.name] = replace(job, active=0, started_at="2026-01-01T00:00:00Z")
    said_after(cluster, 30, "NoPods")
    delay = next_look(cluster.status, cluster.inputs())
    assert delay is not None
    assert delay > 3600
    cluster.jobs[job.name] = replace(cluster.jobs[job.name], active=1)
    cluster.decide()
    assert progressing(cluster) == "StageRunning"


def test_a_pod_that_has_a_node_and_never_starts_is_said() -> None:
    """A volume that cannot be mounted is told by the pod's events alone: after five minutes they are pointed to."""
    cluster = started()
    [job] = cluster.live()
    cluster.end(job.name)
    [pod] = cluster.pods[job.name]
    cluster.jobs[job.name] = job
    starting = replace(
        pod, phase="Pending", exit_code=None, waiting="ContainerCreating", started_at="2026-01-01T00:00:00Z"
    )
    cluster.pods[job.name] = (starting,)
    said_after(cluster, 300, "PodSlow")
    assert f"kubectl describe pod {pod.name}" in cluster.status.stages[0].message
