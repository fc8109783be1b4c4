"""Laws of the pods: who sees what, who knows which secret, and that none has a right it does not need."""

from typing import Any

import pytest

from cluster import plans
from configs.plans import ASSERTED
from ssd_operator import manifests, naming
from ssd_operator.manifests.amounts import amount
from ssd_operator.plan import Node

TABLE = {
    "prepare": ("", "models problems tests"),
    "reference-humaneval": ("tests", "references"),
    "sample": ("models problems", "samples"),
    "curate": ("models problems samples", "records"),
    "train": ("models records", "checkpoints"),
    "generate-base-toy-select": ("models problems", "generations"),
    "generate-candidate-toy-select": ("checkpoints problems", "generations"),
    "grade-base-toy-select": ("generations problems tests", "verdicts"),
    "grade-candidate-toy-select": ("generations problems tests", "verdicts"),
    "select-base-toy": ("verdicts", "selections"),
    "select-candidate-toy": ("verdicts", "selections"),
    "generate-base-toy": ("models problems", "generations"),
    "generate-candidate-toy": ("checkpoints problems", "generations"),
    "grade-base-toy": ("generations problems tests", "verdicts"),
    "grade-candidate-toy": ("generations problems tests", "verdicts"),
    "generate-base-toy-chosen": ("models problems selections", "generations"),
    "generate-candidate-toy-chosen": ("checkpoints problems selections", "generations"),
    "grade-base-toy-chosen": ("generations problems selections tests", "verdicts"),
    "grade-candidate-toy-chosen": ("generations problems selections tests", "verdicts"),
    "generate-base-humaneval": ("models problems", "generations"),
    "generate-candidate-humaneval": ("checkpoints problems", "generations"),
    "grade-base-humaneval": ("generations problems references tests", "verdicts"),
    "grade-candidate-humaneval": ("generations problems references tests", "verdicts"),
    "analyze": ("checkpoints generations models verdicts", "reports"),
    "report": ("checkpoints generations models problems records samples selections verdicts", "reports"),
}
SECRET = {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}
WHERE = plans.place(analysis={}, evaluation=ASSERTED, pod={"env": [SECRET]})
NODES = {node.name: node for node in plans.graph(WHERE)}
EVERY_STAGE = pytest.mark.parametrize("node", [pytest.param(node, id=name) for name, node in NODES.items()])


def pod(node: Node, where: manifests.Place = WHERE) -> dict[str, Any]:
    spec: dict[str, Any] = manifests.job(node, where, attempt=1)["spec"]["template"]["spec"]
    return spec


def containers(spec: dict[str, Any]) -> list[dict[str, Any]]:
    return [*spec.get("initContainers", []), *spec["containers"]]


def test_the_table_names_every_stage() -> None:
    """No stage is left out of the table of mounts."""
    assert set(TABLE) == set(NODES)


@EVERY_STAGE
def test_a_pod_sees_its_inputs_and_writes_its_output(node: Node) -> None:
    """The worker mounts what the table says, read-only unless the stage writes it, each by its own subPath."""
    [worker] = [each for each in pod(node)["containers"] if each["name"] == naming.WORKER]
    seen = [each for each in worker["volumeMounts"] if each["name"] == "workspace"]
    reads, writes = (part.split() for part in TABLE[node.name])
    assert {each["subPath"] for each in seen if each["readOnly"]} == set(reads)
    assert {each["subPath"] for each in seen if not each["readOnly"]} == set(writes)
    assert all(each["mountPath"] == f"/workspace/{each['subPath']}" for each in seen)


@EVERY_STAGE
def test_every_artifact_is_within_what_is_mounted(node: Node) -> None:
    """What a stage writes lies below a root that its worker mounts for writing."""
    assert {each.path.split("/")[0] for each in node.artifacts} <= set(TABLE[node.name][1].split())


@EVERY_STAGE
def test_every_container_is_restricted(node: Node) -> None:
    """No container can write its image, gain a right, or speak to the API server."""
    spec = pod(node)
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["fsGroupChangePolicy"] == "OnRootMismatch"
    for each in containers(spec):
        context = each["securityContext"]
        assert context["readOnlyRootFilesystem"] is True
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"] == {"drop": ["ALL"]}


@EVERY_STAGE
def test_foreign_programs_run_beside_no_secret(node: Node) -> None:
    """A pod with a sandbox has no secret, no port and no GPU, and its sandbox nothing but the socket."""
    spec = pod(node)
    if not node.needs_sandbox:
        assert "initContainers" not in spec
        return
    [sandbox] = spec["initContainers"]
    [worker] = spec["containers"]
    assert "Secret" not in str(spec)
    assert "secret" not in str(spec).replace("secretKeyRef", "secret")
    assert "nvidia.com/gpu" not in str(spec)
    assert "ports" not in worker
    assert sandbox.keys().isdisjoint({"env", "envFrom"})
    assert [each["name"] for each in sandbox["volumeMounts"]] == ["sandbox"]
    assert sandbox["restartPolicy"] == "Always"
    assert sandbox["securityContext"]["runAsUser"] != spec["securityContext"]["runAsUser"]
    assert (
        manifests.job(node, WHERE, attempt=1)["spec"]["template"]["metadata"]["labels"][naming.LABEL_NETWORK] == "none"
    )


@pytest.mark.parametrize(
    ("sections", "expected"),
    [
        pytest.param({}, {"train", "report"}, id="live"),
        pytest.param({"tracking": {"live": False}}, {"report"}, id="at the end"),
        pytest.param(
            {"model": {"source": {"registry": "models:/m@champion"}}}, {"prepare", "train", "report"}, id="registry"
        ),
    ],
)
def test_mlflow_credentials_go_to_who_talks_to_it(sections: dict[str, Any], expected: set[str]) -> None:
    """The Secret is given to report, to train when it records live, to prepare for a registry source: to no other."""
    where = plans.place(**sections)
    holders = {node.name for node in plans.graph(where) if "'mlflow'" in str(pod(node, where).get("containers"))}
    assert holders == expected


def test_the_hub_token_goes_to_prepare_alone() -> None:
    """Only the stage that downloads knows the token."""
    source = {"huggingFace": {"repo": "o/m", "tokenSecretRef": {"name": "hf", "key": "token"}}}
    where = plans.place(model={"source": source, "promptMode": "Raw"})
    holders = {node.name for node in plans.graph(where) if "HF_TOKEN" in str(pod(node, where))}
    assert holders == {"prepare"}


def test_the_sandbox_never_runs_more_than_its_memory_holds() -> None:
    """Programs at once, times the memory of each, stay below the container's limit."""
    resources = {"limits": {"cpu": "16", "memory": "4Gi"}}
    where = plans.place(evaluation={"gradePod": {"resources": resources}})
    [sandbox] = pod(plans.graph(where)["grade-base-toy"], where)["initContainers"]
    assert "--workers=3" in sandbox["command"]
    assert sandbox["resources"]["limits"] == {"cpu": "16", "memory": "4Gi"}


@pytest.mark.parametrize(
    ("asked", "requests", "limits"),
    [
        pytest.param({}, {"cpu": "500m", "memory": "3Gi"}, {"cpu": "2", "memory": "3Gi"}, id="nothing"),
        pytest.param(
            {"requests": {"cpu": "250m", "memory": "1Gi"}},
            {"cpu": "250m", "memory": "1Gi"},
            {"cpu": "2", "memory": "3Gi"},
            id="little",
        ),
        pytest.param(
            {"requests": {"cpu": "8", "memory": "8Gi"}},
            {"cpu": "8", "memory": "8Gi"},
            {"cpu": "8", "memory": "8Gi"},
            id="much",
        ),
        pytest.param(
            {"requests": {"cpu": "250m"}, "limits": {"cpu": "1"}},
            {"cpu": "250m", "memory": "3Gi"},
            {"cpu": "1", "memory": "3Gi"},
            id="a limit",
        ),
    ],
)
def test_a_sandbox_that_asks_for_little_may_use_more(
    asked: dict[str, Any], requests: dict[str, str], limits: dict[str, str]
) -> None:
    """What all pods ask for is no bound of a grade pod's programs: its limits sink only when they are named."""
    where = plans.place(pod={"resources": asked})
    [sandbox] = pod(plans.graph(where)["grade-base-toy"], where)["initContainers"]
    assert sandbox["resources"] == {"requests": requests, "limits": limits}


def test_a_grade_pod_fits_a_small_node() -> None:
    """By default it asks for less than a core, so that a node of two has room for it beside another pod."""
    where = plans.place()
    spec = pod(plans.graph(where)["grade-base-toy"], where)
    asked = [each["resources"]["requests"]["cpu"] for each in [*spec["initContainers"], *spec["containers"]]]
    assert sum(map(amount, asked)) < 1


def test_what_the_user_put_into_the_workspace_is_seen_by_prepare_alone() -> None:
    """A path source's top folder is mounted read-only, in prepare and nowhere else."""
    source = {"path": "uploads/problems.jsonl"}
    where = plans.place(prompts={"source": source})
    seen = {
        node.name: [
            each for each in pod(node, where)["containers"][0]["volumeMounts"] if each.get("subPath") == "uploads"
        ]
        for node in plans.graph(where)
    }
    assert [each["readOnly"] for each in seen.pop("prepare")] == [True]
    assert not any(seen.values())


def test_the_users_wishes_reach_the_stage() -> None:
    """Image, resources, placement and environment come from the common pod, overlaid by the stage's own."""
    common = {"nodeSelector": {"pool": "a"}, "tolerations": [{"key": "gpu", "operator": "Exists"}]}
    own = {"image": "mine:1", "nodeSelector": {"pool": "b"}, "resources": {"requests": {"cpu": "4"}}}
    where = plans.place(pod=common, sampling={"gpusPerShard": 2, "pod": own})
    graph = plans.graph(where)
    spec = pod(graph["sample"], where)
    assert spec["nodeSelector"] == {"pool": "b"}
    assert spec["tolerations"] == [{"key": "gpu", "operator": "Exists"}]
    assert spec["containers"][0]["image"] == "mine:1"
    assert spec["containers"][0]["resources"] == {"requests": {"cpu": "4"}, "limits": {"nvidia.com/gpu": "2"}}
    assert pod(graph["train"], where)["nodeSelector"] == {"pool": "a"}
