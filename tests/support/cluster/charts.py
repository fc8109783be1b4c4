"""What the chart grants the operator in a namespace, and a service account of a test cluster that has it."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from controlplane.plane import ControlPlane

__all__ = ["grants", "rights"]

CHART = Path(__file__).parents[3] / "charts" / "selfdistill-operator"
HELM = Path(sys.executable).parent / "helm"


def rights(namespace: str, *options: str) -> list[dict[str, Any]]:
    """Return the roles and bindings that the chart renders for one namespace."""
    command = [HELM, "template", "ssd", CHART, "--show-only", "templates/rbac.yaml", "--namespace", namespace]
    command += ["--set", f"watchNamespaces={{{namespace}}}", *options]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [each for each in yaml.safe_load_all(text) if each and each["kind"] in ("Role", "RoleBinding")]


def grants(plane: ControlPlane, namespace: str, *options: str) -> str:
    """Make the roles, the bindings and the service account, and return its name."""
    objects = rights(namespace, *options)
    [account] = {subject["name"] for each in objects for subject in each.get("subjects", [])}
    body = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": account, "namespace": namespace}}
    plane.kubectl("apply", manifest=[body, *objects])
    return account
