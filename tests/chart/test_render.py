"""What the chart makes of its values."""

import json
from typing import Any

import pytest

from cluster import helm
from ssd_operator import naming
from ssd_operator.spec.kinds import RESOURCE_KINDS

OPTIONAL = {
    "mlflow.enabled": {
        "Deployment/ssd-mlflow",
        "Service/ssd-mlflow",
        "PersistentVolumeClaim/ssd-mlflow",
        "NetworkPolicy/ssd-mlflow",
    },
    "metrics.serviceMonitor.enabled": {"ServiceMonitor/ssd"},
    "metrics.podMonitor.enabled": {"PodMonitor/ssd-workers"},
    "metrics.prometheusRule.enabled": {"PrometheusRule/ssd"},
    "metrics.customResourceState.enabled": {"ConfigMap/ssd-custom-resource-state"},
    "metrics.dashboard.enabled": {"ConfigMap/ssd-dashboard"},
    "priorityClasses.enabled": {"PriorityClass/ssd-training", "PriorityClass/ssd-evaluation"},
    "podDisruptionBudget.enabled": {"PodDisruptionBudget/ssd"},
}


def names(objects: list[dict[str, Any]]) -> set[str]:
    """Return what there is."""
    return {f"{each['kind']}/{each['metadata']['name']}" for each in objects}


@pytest.mark.parametrize("toggle", OPTIONAL)
def test_a_toggle_adds_exactly_its_objects(toggle: str) -> None:
    """Every optional part comes and goes by its own switch."""
    assert names(helm.render("replicas=2", f"{toggle}=true")) - names(helm.render()) == OPTIONAL[toggle]


@pytest.mark.parametrize(
    ("setting", "complaint"),
    [
        ("replica=2", "replica"),
        ("image.tga=x", "tga"),
        ("replicas=-1", "replicas"),
        ("podLabels.app\\.kubernetes\\.io/name=mine", "podLabels"),
        ("commonLabels.app\\.kubernetes\\.io/name=mine", "commonLabels"),
        ("operator.env[0].name=SSD_OFFLINE", "operator.env"),
        ("workers.pod.imag=x", "imag"),
        ("workers.sealedPrefixes={example.com/team}", "sealedPrefixes"),
        ("podDisruptionBudget.minAvailable=half", "minAvailable"),
        ("podDisruptionBudget.maxUnavailable=0", "maxUnavailable"),
        ("operator.logLevel=LOUD", "logLevel"),
        ("mlflow.enabled=perhaps", "enabled"),
        ("tracking.uri=http://me:secret@mlflow", "tracking.uri"),
        ("workers.shmSize=lots", "shmSize"),
        ("operator.resyncSeconds=0", "resyncSeconds"),
        ("operator.jobTtlSeconds=0", "jobTtlSeconds"),
        ("watchNamespaces={team-*}", "watchNamespaces"),
        (f"watchNamespaces={{{','.join(f'team-{number}' for number in range(201))}}}", "watchNamespaces"),
        ("networkPolicies.apiServerPorts=null", "apiServerPorts"),
        ("podDisruptionBudget.enabled=true", "minAvailable"),
        ("podDisruptionBudget.enabled=true,podDisruptionBudget.minAvailable=100%", "minAvailable"),
        ("metrics.serviceMonitor.enabled=true", "install the Prometheus operator first"),
    ],
)
def test_a_wrong_value_is_refused_by_name(setting: str, complaint: str) -> None:
    """A misspelled value is an error, not a silence."""
    done = helm.run("template", "ssd", str(helm.CHART), "--set", setting)
    assert done.returncode != 0
    assert complaint in done.stderr


def deployment(*settings: str) -> dict[str, Any]:
    """Return the operator's Deployment."""
    return helm.find(helm.render(*settings), "Deployment", "ssd")


def variable(name: str, *settings: str) -> str:
    """Return a variable of the operator."""
    [container] = deployment(*settings)["spec"]["template"]["spec"]["containers"]
    return next(str(each["value"]) for each in container["env"] if each["name"] == name)


def test_an_installation_can_be_paused() -> None:
    """No replica is a legal wish, also beside a budget, which could otherwise stop every drain."""
    assert deployment("replicas=0", "podDisruptionBudget.enabled=true")["spec"]["replicas"] == 0


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("minAvailable=50%", {"minAvailable": "50%"}),
        ("minAvailable=1", {"minAvailable": 1}),
        ("maxUnavailable=1", {"maxUnavailable": 1}),
        ("maxUnavailable=25%", {"maxUnavailable": "25%"}),
    ],
)
def test_a_budget_is_a_number_or_a_share(setting: str, said: dict[str, Any]) -> None:
    """One of minAvailable and maxUnavailable stands in the budget, as it was written."""
    objects = helm.render("replicas=2", "podDisruptionBudget.enabled=true", f"podDisruptionBudget.{setting}")
    spec = helm.find(objects, "PodDisruptionBudget", "ssd")["spec"]
    assert {name: value for name, value in spec.items() if name != "selector"} == said


def test_the_operator_has_a_proxy_and_a_private_authority() -> None:
    """Variables, volumes and mounts of the values reach the operator's container, beside what it has anyway."""
    spec = deployment(
        "operator.env[0].name=HTTPS_PROXY", "operator.env[0].value=http://proxy",
        "operator.volumes[0].name=ca", "operator.volumes[0].configMap.name=ca",
        "operator.volumeMounts[0].name=ca", "operator.volumeMounts[0].mountPath=/etc/ssl/certs",
    )["spec"]["template"]["spec"]  # fmt: skip
    [container] = spec["containers"]
    assert {"name": "HTTPS_PROXY", "value": "http://proxy"} in container["env"]
    assert (
        [each["name"] for each in spec["volumes"]]
        == [each["name"] for each in container["volumeMounts"]]
        == ["tmp", "ca"]
    )


def test_every_object_has_the_common_labels() -> None:
    """Labels of the whole chart are on every object and on the operator's pods."""
    objects = helm.render(*helm.EVERYTHING, "commonLabels.team=a")
    for each in objects:
        if each["kind"] != "CustomResourceDefinition":
            assert each["metadata"]["labels"]["team"] == "a", each["metadata"]["name"]
    pod = helm.find(objects, "Deployment", "ssd")["spec"]["template"]
    assert pod["metadata"]["labels"]["team"] == "a"


def test_the_pod_of_all_workers_is_what_the_operator_reads() -> None:
    """The chart's workers.pod knows the fields of spec.pod, no more and no fewer, and they arrive as written."""
    from ssd_operator.spec.pod import Pod

    schema = json.loads((helm.CHART / "values.schema.json").read_text())
    known = schema["properties"]["workers"]["properties"]["pod"]["properties"]
    assert set(known) == {info.alias for info in Pod.model_fields.values()}
    said = variable("SSD_WORKER_POD", "workers.pod.env[0].name=A", "workers.pod.imagePullSecrets[0].name=pull")
    assert json.loads(said) == {"env": [{"name": "A"}], "imagePullSecrets": [{"name": "pull"}]}


def test_the_priority_classes_are_named_to_the_operator() -> None:
    """Where the chart makes the classes, the operator uses them, under the very names."""
    named = set(json.loads(variable("SSD_PRIORITY_CLASSES", "priorityClasses.enabled=true")).values())
    made = {
        each["metadata"]["name"]
        for each in helm.render("priorityClasses.enabled=true")
        if each["kind"] == "PriorityClass"
    }
    assert named == made


def test_the_bundled_mlflow_listens_where_it_is_told() -> None:
    """On a cluster with IPv6 only the server binds to ::, and its probe asks the name that has either address."""
    objects = helm.render("mlflow.enabled=true", "mlflow.host=::")
    [server] = helm.find(objects, "Deployment", "ssd-mlflow")["spec"]["template"]["spec"]["containers"]
    assert "--host=::" in server["args"]
    assert "127.0.0.1" not in str(server["startupProbe"])


def pod_specs(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return every pod that the chart itself makes."""
    deployments = [each["spec"]["template"]["spec"] for each in objects if each["kind"] == "Deployment"]
    return deployments + [each["spec"] for each in objects if each["kind"] == "Pod"]


def test_every_pod_is_restricted() -> None:
    """The chart's own pods pass the strictest Pod Security level."""
    for pod in pod_specs(helm.render(*helm.EVERYTHING)):
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["containers"]:
            security = container["securityContext"]
            assert security["allowPrivilegeEscalation"] is False
            assert security["readOnlyRootFilesystem"] is True
            assert security["capabilities"] == {"drop": ["ALL"]}
            assert container["resources"]["limits"]["memory"]


def test_nobody_may_read_secrets() -> None:
    """No role of the chart names secrets, and none of the operator's has a wildcard."""
    for each in helm.render(*helm.EVERYTHING):
        for rule in each.get("rules", []) if each["kind"] in ("Role", "ClusterRole") else []:
            assert "secrets" not in rule["resources"]
            if each["metadata"]["name"] in ("ssd", "ssd-lease"):
                assert "*" not in rule["verbs"] + rule["resources"] + rule["apiGroups"]


def test_a_list_of_namespaces_needs_nothing_cluster_wide() -> None:
    """With watchNamespaces the operator has roles in those namespaces and no cluster role of its own."""
    objects = helm.render("watchNamespaces={a,b}")
    roles = {(each["kind"], each["metadata"].get("namespace")) for each in objects if each["metadata"]["name"] == "ssd"}
    assert ("Role", "a") in roles
    assert ("Role", "b") in roles
    assert ("ClusterRole", None) not in roles
    assert ("ClusterRoleBinding", None) not in roles


@pytest.mark.parametrize("plural", [row.plural for row in RESOURCE_KINDS.values()])
def test_a_definition_is_the_generated_one_and_stays(plural: str) -> None:
    """The chart carries the same CustomResourceDefinition as crds/, kept at uninstall unless told otherwise."""
    name, file = f"{plural}.{naming.GROUP}", f"{naming.GROUP}_{plural}.yaml"
    crd = helm.find(helm.render(), "CustomResourceDefinition", name)
    assert crd["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    generated = (helm.CHART.parent.parent / "crds" / file).read_text()
    assert (helm.CHART / "files" / "crds" / file).read_text() == generated
    kept = helm.find(helm.render("crds.keep=false"), "CustomResourceDefinition", name)
    assert "annotations" not in kept["metadata"]
    assert not [each for each in helm.render("crds.enabled=false") if each["kind"] == "CustomResourceDefinition"]


def test_the_bundled_mlflow_is_what_experiments_use() -> None:
    """With the bundled MLflow its address is the default, and the server answers to that very name."""
    objects = helm.render("mlflow.enabled=true")
    operator = helm.find(objects, "Deployment", "ssd")["spec"]["template"]["spec"]["containers"][0]
    uri = next(each["value"] for each in operator["env"] if each["name"] == "SSD_TRACKING_URI")
    server = helm.find(objects, "Deployment", "ssd-mlflow")["spec"]["template"]["spec"]["containers"][0]
    hosts = next(each for each in server["args"] if each.startswith("--allowed-hosts=")).removeprefix(
        "--allowed-hosts="
    )
    assert uri.removeprefix("http://") in hosts.split(",")


def test_every_variable_is_one_that_the_operator_knows() -> None:
    """The chart and the settings agree on names: a variable that nobody reads is a typo."""
    import dataclasses

    from ssd_operator import settings

    known = {f"{settings.PREFIX}{field.name.upper()}" for field in dataclasses.fields(settings.Settings)}
    operator = helm.find(helm.render(), "Deployment", "ssd")["spec"]["template"]["spec"]["containers"][0]
    assert {each["name"] for each in operator["env"]} <= known


def test_grade_pods_reach_nothing() -> None:
    """Where programs run that a model wrote, no packet goes in or out."""
    policy = helm.find(helm.render(), "NetworkPolicy", "ssd-grade")["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert "egress" not in policy
    assert "ingress" not in policy
