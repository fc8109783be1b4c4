"""Laws of what users and installations ask for of pods: it reaches every stage that may have it, and no other."""

from typing import Any

import pytest

from cluster import plans
from ssd_operator import manifests, naming
from ssd_operator.errors import InvalidSpec
from ssd_operator.manifests import Place
from ssd_operator.settings import Settings

CA = {"name": "ca", "configMap": {"name": "ca"}}
CACHE = {"name": "cache", "persistentVolumeClaim": {"claimName": "models"}}
CA_MOUNT = {"name": "ca", "mountPath": "/etc/ssl/certs", "readOnly": True}


def pod(where: Place, stage: str) -> dict[str, Any]:
    """Return the pod of a stage."""
    spec: dict[str, Any] = manifests.job(plans.graph(where)[stage], where, attempt=1)["spec"]["template"]["spec"]
    return spec


def test_a_stage_has_the_common_volumes_and_its_own() -> None:
    """Volumes of spec.pod and of the stage are both there, under names that are none of ours; the mounts likewise."""
    own = {"volumes": [CACHE], "volumeMounts": [{"name": "cache", "mountPath": "/cache", "subPath": "hub"}]}
    where = plans.place(pod={"volumes": [CA], "volumeMounts": [CA_MOUNT]}, sampling={"pod": own})
    spec = pod(where, "sample")
    assert spec["volumes"][-2:] == [{**CA, "name": "user-ca"}, {**CACHE, "name": "user-cache"}]
    assert spec["containers"][0]["volumeMounts"][-2:] == [
        {"name": "user-ca", "mountPath": "/etc/ssl/certs", "readOnly": True},
        {"name": "user-cache", "mountPath": "/cache", "subPath": "hub", "readOnly": False},
    ]
    assert [each["name"] for each in pod(where, "train")["volumes"] if each["name"].startswith("user-")] == ["user-ca"]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        pytest.param(
            {"volumeMounts": [CA_MOUNT]},
            r"spec.pod.volumeMounts\[0\].name: no volume is called ca: add it to volumes",
            id="no-volume",
        ),
        pytest.param(
            {"volumes": [{"name": "w", "persistentVolumeClaim": {"claimName": "experiments"}}]},
            r"spec.pod.volumes\[0\].persistentVolumeClaim: must not be experiments",
            id="own-claim",
        ),
    ],
)
def test_volumes_that_cannot_be_are_refused_with_their_place(asked: dict[str, Any], words: str) -> None:
    """A mount of nothing, and the run's own claim with the expected outputs, are refused before anything runs."""
    with pytest.raises(InvalidSpec, match=words):
        plans.place(pod=asked)


def test_a_stage_has_the_place_that_it_asks_for() -> None:
    """Scheduler, service account, priority, runtime and spread are the stage's before the common ones."""
    spread = {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}
    common = {"schedulerName": "volcano", "serviceAccountName": "cloud", "runtimeClassName": "nvidia"}
    own = {"priorityClassName": "high", "topologySpreadConstraints": [spread]}
    where = plans.place(pod=common, training={"pod": own}, scheduling={"priorityClassName": "low"})
    spec = pod(where, "train")
    assert [spec[name] for name in common] == list(common.values())
    assert spec["priorityClassName"] == "high"
    job = where.job_name(plans.graph(where)["train"], 1)
    assert spec["topologySpreadConstraints"] == [{"labelSelector": {"matchLabels": {naming.LABEL_JOB: job}}, **spread}]
    assert pod(where, "sample")["priorityClassName"] == "low"
    assert pod(where, "grade-base-toy").keys().isdisjoint({"serviceAccountName", "runtimeClassName"})


def test_claims_of_devices_stand_for_gpus() -> None:
    """A stage with resource claims asks for no GPU resource beside them, unless it names one."""
    claims = [{"name": "gpus", "resourceClaimTemplateName": "four-gpus"}]
    where = plans.place(training={"gpusPerNode": 4, "pod": {"resourceClaims": claims}})
    spec = pod(where, "train")
    assert spec["resourceClaims"] == claims
    assert spec["containers"][0]["resources"]["claims"] == [{"name": "gpus"}]
    assert "nvidia.com/gpu" not in str(spec)
    named = {"gpusPerNode": 1, "pod": {"resourceClaims": claims, "gpuResource": "nvidia.com/mig-3g.40gb"}}
    limits = pod(plans.place(training=named), "train")["containers"][0]["resources"]["limits"]
    assert limits == {"nvidia.com/mig-3g.40gb": "1"}


def test_every_object_carries_the_labels_that_are_asked_for() -> None:
    """Job, ConfigMap and Service have them, and what the resource has once; none of them replaces one of ours."""
    asked = {"team": "a", naming.LABEL_MANAGED: "me", naming.LABEL_STAGE: "mine"}
    where = plans.place(
        pod={"jobLabels": asked, "jobAnnotations": {"cost": "1"}},
        storage={"template": {"size": "1Gi"}, "claimName": None},
    )
    for node in plans.graph(where):
        for each in manifests.objects(node, where):
            assert each["metadata"]["labels"] == {"team": "a", **where.labels(node, 1)}
            assert each["metadata"]["annotations"] == {"cost": "1", naming.ANNOTATION_KEY: node.key}
    common, place = manifests.common_pod(where.spec, where.settings), {"name": "toy", "namespace": "lab"}
    template = where.spec.storage.template
    assert template is not None
    for each in (
        manifests.claim(template, common, **place),
        manifests.isolation(common, uid="u", **place),
        manifests.resolved(where.spec, common, uid="u", **place),
    ):
        assert each["metadata"]["labels"]["team"] == "a"
        assert each["metadata"]["labels"][naming.LABEL_MANAGED] == naming.MANAGED_BY
        assert each["metadata"]["annotations"] == {"cost": "1"}


INSTALLED = {
    "env": [{"name": "HTTPS_PROXY", "value": "http://proxy"}, {"name": "A", "value": "installed"}],
    "imagePullSecrets": [{"name": "registry"}],
    "resources": {"requests": {"cpu": "8", "memory": "64Gi"}},
    "labels": {"team": "a"},
    "volumes": [CA],
    "volumeMounts": [CA_MOUNT],
}


def test_the_installation_says_what_no_resource_says() -> None:
    """The chart's pod lies under the resource's: variables are joined, resources are the resource's or the chart's."""
    settings = Settings(worker_pod=INSTALLED)
    asked = {"env": [{"name": "A", "value": "mine"}], "resources": {"limits": {"memory": "8Gi"}}}
    where = plans.place(settings=settings, training={"pod": asked})
    worker = pod(where, "train")["containers"][0]
    assert [each for each in worker["env"] if each["name"] in ("A", "HTTPS_PROXY")] == [
        {"name": "HTTPS_PROXY", "value": "http://proxy"},
        {"name": "A", "value": "mine"},
    ]
    assert worker["resources"] == {"requests": {"cpu": "1"}, "limits": {"memory": "8Gi"}}
    assert pod(where, "sample")["containers"][0]["resources"]["requests"] == {"cpu": "8", "memory": "64Gi"}
    assert pod(where, "sample")["imagePullSecrets"] == [{"name": "registry"}]


def test_a_grade_pod_takes_only_its_place_from_the_installation() -> None:
    """Pull secrets and labels reach it; variables, volumes and the size of other pods do not."""
    where = plans.place(settings=Settings(worker_pod=INSTALLED))
    spec = pod(where, "grade-base-toy")
    assert spec["imagePullSecrets"] == [{"name": "registry"}]
    assert spec["initContainers"][0]["resources"]["requests"] == {"cpu": "500m", "memory": "3Gi"}
    assert "env" not in spec["containers"][0]
    assert "user-ca" not in str(spec)


def test_an_administrator_lets_labels_of_a_domain_onto_sealed_pods() -> None:
    """Labels of a company's domain reach a grade pod when the installation names the domain."""
    labels = {"example.com/team": "a", "other.example/x": "b"}
    for prefixes, passing in (((), set()), (("example.com",), {"example.com/team"})):
        where = plans.place(settings=Settings(sealed_prefixes=prefixes), pod={"labels": labels})
        job = manifests.job(plans.graph(where)["grade-base-toy"], where, attempt=1)
        assert set(job["spec"]["template"]["metadata"]["labels"]) & set(labels) == passing


@pytest.mark.parametrize(
    ("installed", "words"),
    [
        ({"imag": "x"}, "workers.pod.imag: no such field"),
        ({"env": [{"name": "A", "value": 1}]}, r"workers.pod.env\[0\].value: must be a string"),
        ({"volumes": [{"name": "a", "hostPath": {"path": "/"}}]}, "workers.pod.volumes: a hostPath makes the pod"),
        ({"volumeMounts": [CA_MOUNT]}, r"workers.pod.volumeMounts\[0\].name: no volume is called ca"),
    ],
)
def test_what_no_pod_can_have_ends_the_operator_at_its_start(installed: dict[str, Any], words: str) -> None:
    """The chart's pod is judged as a resource's would be, and the sentence names the chart's value."""
    with pytest.raises(InvalidSpec, match=words):
        manifests.check(Settings(worker_pod=installed))


def test_the_charts_priority_classes_are_used() -> None:
    """What finishes a run has the class of evaluation, what begins one that of training, unless one is named."""
    settings = Settings(priority_classes={"training": "ssd-training", "evaluation": "ssd-evaluation"})
    where = plans.place(settings=settings, sampling={"pod": {"priorityClassName": "mine"}})
    found = {stage: pod(where, stage)["priorityClassName"] for stage in ("prepare", "sample", "train", "report")}
    assert found == {
        "prepare": "ssd-training", "sample": "mine", "train": "ssd-training", "report": "ssd-evaluation",
    }  # fmt: skip
    assert pod(where, "grade-base-toy")["priorityClassName"] == "ssd-evaluation"
    asked = plans.place(settings=settings, scheduling={"priorityClassName": "low"})
    assert pod(asked, "report")["priorityClassName"] == "low"


def test_a_runtime_class_for_gpus_reaches_pods_with_gpus() -> None:
    """It is for stages that use GPUs and name no other one."""
    settings = Settings(gpu_runtime_class="nvidia")
    where = plans.place(settings=settings, training={"gpusPerNode": 1}, sampling={"gpusPerShard": 0})
    assert pod(where, "train")["runtimeClassName"] == "nvidia"
    assert "runtimeClassName" not in pod(where, "sample")


@pytest.mark.parametrize(
    ("asked", "requests", "limits"),
    [
        ({}, {"cpu": "100m", "memory": "512Mi"}, {"cpu": "2", "memory": "4Gi"}),
        ({"limits": {"memory": "256Mi"}}, {"cpu": "100m", "memory": "256Mi"}, {"cpu": "2", "memory": "256Mi"}),
        ({"requests": {"cpu": "4"}}, {"cpu": "4", "memory": "512Mi"}, {"cpu": "4", "memory": "4Gi"}),
    ],
)
def test_the_grader_has_the_size_that_is_asked_for(asked: Any, requests: Any, limits: Any) -> None:
    """The container beside a sandbox has requests and limits of its own, and neither exceeds the other."""
    where = plans.place(evaluation={"graderResources": asked})
    [worker] = pod(where, "grade-base-toy")["containers"]
    assert worker["resources"] == {"requests": requests, "limits": limits}


def test_a_worker_knows_where_its_sidecar_is_asked_to_end() -> None:
    """The annotation of a pod becomes the worker's variable, and no pod with foreign programs has it."""
    url = "http://127.0.0.1:15020/quitquitquit"
    where = plans.place(pod={"annotations": {naming.ANNOTATION_SIDECAR: url}})
    assert {"name": "SSD_SIDECAR_QUIT_URL", "value": url} in pod(where, "train")["containers"][0]["env"]
    assert "SSD_SIDECAR_QUIT_URL" not in str(pod(where, "grade-base-toy"))
