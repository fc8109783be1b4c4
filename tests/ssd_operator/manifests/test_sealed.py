"""The law of the sandbox: whatever is asked for of pods, those that run foreign programs stay sealed."""

from typing import Any

from hypothesis import given
from hypothesis import settings as bounds
from hypothesis import strategies as st

from cluster import plans
from cluster.pod_security import violations
from ssd_operator import manifests, naming
from ssd_operator.errors import InvalidSpec
from ssd_operator.manifests import Place
from ssd_operator.settings import Settings

NAMES = st.sampled_from(["a", "b", "ca", "config", "workspace", "sandbox", "tmp"])
KEYS = st.sampled_from([
    "team", "app", naming.LABEL_NETWORK, naming.LABEL_MANAGED, "azure.workload.identity/use", "sidecar.istio.io/inject",
    "k8s.v1.cni.cncf.io/networks", "kueue.x-k8s.io/podset-required-topology", "example.com/team",
])  # fmt: skip
TEXTS = st.sampled_from(["", "true", "false", "none", "all", "x"])
MAPS = st.dictionaries(KEYS, TEXTS, max_size=4)
FREE = {
    "serviceAccountName": "a",
    "sources": [{"serviceAccountToken": {"path": "token"}}],
    "secretName": "a",
    "path": "/",
}
SOURCES = ("configMap", "secret", "projected", "persistentVolumeClaim", "emptyDir", "ephemeral", "csi", "hostPath")
PATHS = st.sampled_from(
    ["/cache", "/workspace", "/workspace/tests", "/sandbox", "/sandbox/x", "/etc", "/dev", "/tmp/x", "/"]
)
SELECTOR = {"name": "s", "key": "k"}
SOURCED = st.sampled_from([{"secretKeyRef": SELECTOR}, {"configMapKeyRef": SELECTOR}])
PODS = st.fixed_dictionaries({}, optional={
    "labels": MAPS,
    "annotations": MAPS,
    "jobLabels": MAPS,
    "env": st.lists(
        st.fixed_dictionaries({"name": st.sampled_from(["A", "B"])}, optional={"valueFrom": SOURCED}),
        max_size=2, unique_by=lambda each: str(each["name"]),
    ),
    "volumes": st.lists(
        st.builds(lambda name, source: {"name": name, source: FREE}, NAMES, st.sampled_from(SOURCES)),
        max_size=2, unique_by=lambda each: str(each["name"]),
    ),
    "volumeMounts": st.lists(
        st.fixed_dictionaries({"name": NAMES, "mountPath": PATHS}), max_size=2, unique_by=lambda each: each["mountPath"]
    ),
    "allowHostPath": st.booleans(),
    "serviceAccountName": st.just("cloud"),
    "schedulerName": st.just("volcano"),
    "runtimeClassName": st.just("nvidia"),
    "resourceClaims": st.just([{"name": "gpu", "resourceClaimTemplateName": "gpu"}]),
    "resources": st.just({"limits": {"nvidia.com/gpu": 1, "memory": "8Gi"}, "requests": {"nvidia.com/gpu": 1}}),
})  # fmt: skip


def place(common: Any, curation: Any, grade: Any, installed: Any) -> Place | None:
    """Return a place where all of this is asked for, None when it is refused."""
    settings = Settings(worker_pod=installed)
    try:
        manifests.check(settings)
        return plans.place(
            settings=settings,
            pod=common,
            curation={"filter": "Execution", "pod": curation},
            evaluation={"gradePod": grade},
            scheduling={"runtimeClassName": "gvisor"},
        )
    except InvalidSpec:
        return None


@bounds(max_examples=60, deadline=None)
@given(PODS, PODS, PODS, PODS)
def test_a_sandbox_stays_sealed_whatever_is_asked_for(common: Any, curation: Any, grade: Any, installed: Any) -> None:
    """No token, no network, no device, no file and no secret of a user's; and every pod is `restricted` until a
    hostPath is allowed in so many words. What is refused together is asked for one by one."""
    where = place(common, curation, grade, installed)
    alone: Any = ((common, {}, {}, {}), ({}, curation, {}, {}), ({}, {}, {}, installed))
    for each in [where] if where is not None else [place(*asked) for asked in alone]:
        if each is not None:
            _judge(each)


def _judge(where: Place) -> None:
    graph = plans.graph(where)
    for name in ("prepare", "sample", "curate", "train", "grade-base-toy"):
        node = graph[name]
        template = manifests.job(node, where, attempt=1)["spec"]["template"]
        spec = template["spec"]
        assert spec["automountServiceAccountToken"] is False
        if not where.pod(node).allow_host_path:
            assert list(violations(spec)) == []
        if node.needs_sandbox:
            _is_sealed(template)


def _is_sealed(template: dict[str, Any]) -> None:
    spec, metadata = template["spec"], template["metadata"]
    assert list(violations(spec)) == []
    assert metadata["labels"][naming.LABEL_NETWORK] == "none"
    assert metadata["labels"][naming.LABEL_MANAGED] == naming.MANAGED_BY
    for key, value in {**metadata["labels"], **metadata["annotations"]}.items():
        assert "/" not in key or key.split("/")[0] in ("selfdistill.dev", "app.kubernetes.io", "kueue.x-k8s.io") or (
            key, value,
        ) == ("sidecar.istio.io/inject", "false")  # fmt: skip
    assert spec["runtimeClassName"] == "gvisor"
    assert spec.keys().isdisjoint({"serviceAccountName", "resourceClaims", "hostNetwork"})
    assert {each["name"] for each in spec["volumes"]} == {"config", "workspace", "tmp", "sandbox"}
    [sandbox], [worker] = spec["initContainers"], spec["containers"]
    assert [each["name"] for each in sandbox["volumeMounts"]] == ["sandbox"]
    assert sandbox.keys().isdisjoint({"env", "envFrom", "ports"})
    assert "ports" not in worker
    assert not any("secretKeyRef" in each.get("valueFrom", {}) for each in worker.get("env", []))
    for container in (sandbox, worker):
        assert container["resources"].keys() == {"requests", "limits"}
        assert not any("nvidia" in name for amounts in container["resources"].values() for name in amounts)
