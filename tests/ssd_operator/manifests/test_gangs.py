"""Laws of gangs and queues: what each scheduler must be told to place the pods of a training together, and no more."""

from typing import Any

import pytest

from cluster import plans
from ssd_operator import manifests, naming
from ssd_operator.errors import InvalidSpec

PRIORITY = "urgent"


def made(gang: dict[str, Any], *, nodes: int = 2, **spec: Any) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """Return the PodGroup and the Job of a training."""
    scheduling = {"gang": gang, "priorityClassName": PRIORITY, **spec.pop("scheduling", {})}
    where = plans.place(training={"nodes": nodes}, scheduling=scheduling, **spec)
    *supports, job = manifests.objects(plans.graph(where)["train"], where, attempt=3)
    groups = [each for each in supports if each["kind"] == naming.POD_GROUP]
    return (groups[0] if groups else None), job


@pytest.mark.parametrize(
    ("gang", "api", "spec", "labels", "annotations", "scheduler"),
    [
        pytest.param(
            {"scheduler": "Coscheduling"},
            "scheduling.x-k8s.io/v1alpha1",
            {"minMember": 2},
            {"scheduling.x-k8s.io/pod-group": "GROUP"},
            {},
            "scheduler-plugins-scheduler",
            id="coscheduling",
        ),
        pytest.param(
            {"scheduler": "Volcano", "queue": "research"},
            "scheduling.volcano.sh/v1beta1",
            {"minMember": 2, "queue": "research", "priorityClassName": PRIORITY},
            {},
            {"scheduling.k8s.io/group-name": "GROUP"},
            "volcano",
            id="volcano",
        ),
        pytest.param(
            {"scheduler": "KAI"},
            "scheduling.run.ai/v2alpha2",
            {"minMember": 2, "queue": "default-queue", "priorityClassName": PRIORITY},
            {"kai.scheduler/queue": "default-queue"},
            {"pod-group-name": "GROUP"},
            "kai-scheduler",
            id="kai",
        ),
    ],
)
def test_a_gang_has_the_pod_group_of_its_scheduler(
    gang: dict[str, Any],
    api: str,
    spec: dict[str, Any],
    labels: dict[str, str],
    annotations: dict[str, str],
    scheduler: str,
) -> None:
    """It asks for all pods, each pod names it in the scheduler's words, and nothing starts before it stands."""
    group, job = made(gang)
    assert group is not None
    assert (group["apiVersion"], group["spec"], group["metadata"]["name"]) == (api, spec, job["metadata"]["name"])
    pod = job["spec"]["template"]
    for said, wanted in ((pod["metadata"]["labels"], labels), (pod["metadata"]["annotations"], annotations)):
        assert {
            **said,
            **{key: value.replace("GROUP", group["metadata"]["name"]) for key, value in wanted.items()},
        } == said
    assert pod["spec"]["schedulerName"] == scheduler
    assert job["spec"]["suspend"]


def test_kai_makes_no_second_group() -> None:
    """A Job for KAI says that it brings its group, and for a KAI that does not know this, how large it is."""
    _, job = made({"scheduler": "KAI"}, nodes=4)
    assert job["metadata"]["annotations"]["kai.scheduler/skip-podgrouper"] == "true"
    assert job["metadata"]["annotations"]["kai.scheduler/batch-min-member"] == "4"


def test_only_a_gang_of_several_pods_has_a_group() -> None:
    """One pod, shards, and a gang without such a scheduler are placed one by one, and their Jobs start at once."""
    for gang, nodes in (({"scheduler": "Volcano"}, 1), ({}, 2)):
        group, job = made(gang, nodes=nodes)
        assert (group, job["spec"]["suspend"]) == (None, False)
        assert "schedulerName" not in job["spec"]["template"]["spec"]
    where = plans.place(training={"nodes": 2}, scheduling={"gang": {"scheduler": "Volcano"}})
    for node in plans.graph(where):
        assert node.is_gang or not manifests.job(node, where, attempt=1)["spec"]["suspend"]


def test_the_pod_names_another_scheduler() -> None:
    """Where the plugin is in the cluster's own scheduler, the pod says so, and keeps its group."""
    group, job = made({"scheduler": "Coscheduling"}, pod={"schedulerName": "default-scheduler"})
    assert group is not None
    assert job["spec"]["template"]["spec"]["schedulerName"] == "default-scheduler"


def test_only_schedulers_with_queues_take_one() -> None:
    """A queue for a scheduler that has none is refused with what Kueue's is called."""
    with pytest.raises(InvalidSpec, match=r"spec.scheduling.gang.queue: only the schedulers Volcano and KAI"):
        made({"scheduler": "Coscheduling", "queue": "research"})


def test_kueue_is_told_what_it_is_asked_for() -> None:
    """Order and longest time on every Job, few shards at first on those with more, topology on pods of a gang."""
    kueue = {"priorityClassName": "urgent", "maxExecTime": "12h", "requiredTopology": "rack", "minParallelism": 2}
    where = plans.place(training={"nodes": 2}, sampling={"shards": 8}, scheduling={"queue": "team-a", "kueue": kueue})
    jobs = {node.name: manifests.job(node, where, attempt=1) for node in plans.graph(where)}
    for job in jobs.values():
        assert job["metadata"]["labels"]["kueue.x-k8s.io/priority-class"] == "urgent"
        assert job["metadata"]["labels"]["kueue.x-k8s.io/max-exec-time-seconds"] == "43200"
    least = "kueue.x-k8s.io/job-min-parallelism"
    assert jobs["sample"]["metadata"]["annotations"][least] == "2"
    assert least not in jobs["train"]["metadata"]["annotations"]
    assert least not in jobs["prepare"]["metadata"]["annotations"]
    rack = "kueue.x-k8s.io/podset-required-topology"
    with_rack = [name for name, job in jobs.items() if rack in job["spec"]["template"]["metadata"]["annotations"]]
    assert with_rack == ["train"]
