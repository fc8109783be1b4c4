"""Laws of the Jobs: one shape per kind of stage, one name per artifact, and the worker reads what was planned."""

import json

import pytest

from cluster import plans
from ssd_jobs import contract
from ssd_operator import manifests, naming
from ssd_operator.manifests import failures
from ssd_operator.plan import Node

WHERE = plans.place(analysis={}, training={"nodes": 2})
GRAPH = plans.graph(WHERE)
EVERY_STAGE = pytest.mark.parametrize("node", [pytest.param(node, id=node.name) for node in GRAPH])


@EVERY_STAGE
def test_the_worker_reads_what_was_planned(node: Node) -> None:
    """The ConfigMap is immutable, the pod mounts it, and its only reader returns the planned config."""
    config_map, *_, job = manifests.objects(node, WHERE, attempt=1)
    assert config_map["immutable"] is True
    assert {"name": "config", "configMap": {"name": config_map["metadata"]["name"]}} in job["spec"]["template"]["spec"][
        "volumes"
    ]
    assert contract.loads(config_map["data"][naming.CONFIG], source="test") == node.config


@EVERY_STAGE
def test_the_config_names_the_image_that_runs(node: Node) -> None:
    """An image of the user's is recorded as what it is."""
    where = plans.place(analysis={}, training={"nodes": 2}, pod={"image": "mine:2"})
    node = plans.graph(where)[node.name]
    config_map, *_, job = manifests.objects(node, where, attempt=1)
    config = contract.loads(config_map["data"][naming.CONFIG], source="test")
    assert config.execution.image == "mine:2"
    assert job["spec"]["template"]["spec"]["containers"][0]["image"] == "mine:2"


@EVERY_STAGE
def test_a_job_is_found_by_its_key(node: Node) -> None:
    """Name, annotation and number of tasks come from the plan; the resource's name is in labels only."""
    job = manifests.job(node, WHERE, attempt=4)
    assert job["metadata"]["name"] == naming.job_name(node.kind, claim_uid="claim-1", key=node.key, attempt=4)
    assert job["metadata"]["annotations"][naming.ANNOTATION_KEY] == node.key
    assert job["spec"]["completions"] == job["spec"]["parallelism"] == node.tasks
    assert "toy" not in job["metadata"]["name"]
    assert job["spec"]["podReplacementPolicy"] == "Failed"


@EVERY_STAGE
def test_the_retry_table(node: Node) -> None:
    """Shards fail alone and temporary ends do not count; a gang ends at once; exit codes are the worker's."""
    spec = manifests.job(node, WHERE, attempt=1)["spec"]
    actions = [rule["action"] for rule in spec["podFailurePolicy"]["rules"]]
    if node.kind == "train":
        assert spec["backoffLimit"] == 0
        assert actions == ["FailJob"] * len(failures.GANG_RULES)
    else:
        assert spec["backoffLimitPerIndex"] == 2
        assert "maxFailedIndexes" not in spec
        assert actions == ["Ignore", "FailJob", "Ignore"]
    codes = [rule["onExitCodes"] for rule in spec["podFailurePolicy"]["rules"] if "onExitCodes" in rule]
    assert [each["values"] for each in codes] == [[64], [75]]
    assert {each["containerName"] for each in codes} == {naming.WORKER}


@pytest.mark.parametrize("attempt", [1, 2])
def test_a_gang_meets_under_the_name_of_its_attempt(attempt: int) -> None:
    """Service, subdomain and rank zero's address belong to one attempt, so that no straggler joins the next."""
    config_map, service, job = manifests.objects(GRAPH["train"], WHERE, attempt=attempt)
    pod = job["spec"]["template"]["spec"]
    assert pod["subdomain"] == service["metadata"]["name"]
    assert service["spec"]["selector"] == {naming.LABEL_JOB: job["metadata"]["name"]}
    assert service["spec"]["publishNotReadyAddresses"] is True
    assert service["spec"]["clusterIP"] == "None"
    execution = json.loads(config_map["data"][naming.CONFIG])["execution"]
    assert execution["master_address"] == f"{job['metadata']['name']}-0.{pod['subdomain']}"
    assert execution["attempt"] == attempt


def test_a_queue_gets_a_suspended_job() -> None:
    """With a LocalQueue named, the Job is made suspended and labelled, so that only the queue starts it."""
    where = plans.place(scheduling={"queue": "team-a"})
    job = manifests.job(plans.graph(where)["sample"], where, attempt=1)
    assert job["spec"]["suspend"] is True
    assert job["metadata"]["labels"][naming.LABEL_QUEUE] == "team-a"
    assert manifests.job(GRAPH["sample"], WHERE, attempt=1)["spec"]["suspend"] is False


def test_the_wall_lets_nothing_through() -> None:
    """The policy selects every sealed pod of the namespace and allows neither direction."""
    policy = manifests.isolation(manifests.common_pod(WHERE.spec, WHERE.settings), name="toy", namespace="lab", uid="u")
    assert policy["spec"] == {
        "podSelector": {"matchLabels": {naming.LABEL_NETWORK: "none"}},
        "policyTypes": ["Ingress", "Egress"],
    }
