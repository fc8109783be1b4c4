"""What the chart makes of its values."""

from pathlib import Path
from typing import Any

import pytest

from cluster import helm

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
        ("replicas=0", "replicas"),
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
    ],
)
def test_a_wrong_value_is_refused_by_name(setting: str, complaint: str) -> None:
    """A misspelled value is an error, not a silence."""
    done = helm.run("template", "ssd", str(helm.CHART), "--set", setting)
    assert done.returncode != 0
    assert complaint in done.stderr


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


def test_the_definition_is_the_generated_one_and_stays() -> None:
    """The chart carries the same CustomResourceDefinition as crds/, kept at uninstall unless told otherwise."""
    objects = helm.render()
    crd = find_crd(objects)
    assert crd["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    generated = Path(helm.CHART.parent.parent / "crds" / "selfdistill.dev_selfdistillations.yaml").read_text()
    assert (helm.CHART / "files" / "crds" / "selfdistill.dev_selfdistillations.yaml").read_text() == generated
    assert "annotations" not in find_crd(helm.render("crds.keep=false"))["metadata"]
    assert not [each for each in helm.render("crds.enabled=false") if each["kind"] == "CustomResourceDefinition"]


def find_crd(objects: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the definition."""
    return helm.find(objects, "CustomResourceDefinition", "selfdistillations.selfdistill.dev")


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
