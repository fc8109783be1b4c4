"""What the chart grants the operator in a namespace, and a service account of a test cluster that has it."""

from typing import Any

import yaml

from cluster import helm
from controlplane.plane import ControlPlane

__all__ = ["grants", "rights"]


def rights(namespace: str, *options: str) -> list[dict[str, Any]]:
    """Return the roles and bindings that the chart renders for one namespace."""
    flags = ("--namespace", namespace, "--set", f"watchNamespaces={{{namespace}}}")
    done = helm.run("template", "ssd", str(helm.CHART), "--show-only", "templates/rbac.yaml", *flags, *options)
    assert done.returncode == 0, done.stderr
    return [each for each in yaml.safe_load_all(done.stdout) if each and each["kind"] in ("Role", "RoleBinding")]


def grants(plane: ControlPlane, namespace: str, *options: str) -> str:
    """Make the roles, the bindings and the service account, and return its name."""
    objects = rights(namespace, *options)
    accounts: set[str] = {subject["name"] for each in objects for subject in each.get("subjects", [])}
    [account] = accounts
    body = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": account, "namespace": namespace}}
    plane.kubectl("apply", manifest=[body, *objects])
    return account
