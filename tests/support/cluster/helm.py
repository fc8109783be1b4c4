"""Rendering the chart with the real helm."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

CHART = Path(__file__).parents[3] / "charts" / "selfdistill-operator"
HELM = Path(sys.executable).parent / "helm"
EVERYTHING = (
    "mlflow.enabled=true",
    "metrics.serviceMonitor.enabled=true",
    "metrics.podMonitor.enabled=true",
    "metrics.prometheusRule.enabled=true",
    "metrics.customResourceState.enabled=true",
    "metrics.dashboard.enabled=true",
    "priorityClasses.enabled=true",
    "podDisruptionBudget.enabled=true",
    "replicas=2",
    "kueue.enabled=true",
)
"""Settings with which every object of the chart is made."""
MONITORED = ("--api-versions", "monitoring.coreos.com/v1")
"""What makes a cluster one that knows the Prometheus operator's objects."""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run helm and return what it said."""
    return subprocess.run([str(HELM), *arguments], capture_output=True, text=True, check=False)


def render(*settings: str, release: str = "ssd", namespace: str = "ml") -> list[dict[str, Any]]:
    """Return the objects that an installation with these `--set` arguments makes."""
    flags = [part for setting in settings for part in ("--set", setting)]
    done = run("template", release, str(CHART), "--namespace", namespace, *flags, *MONITORED)
    assert done.returncode == 0, done.stderr
    return [document for document in yaml.safe_load_all(done.stdout) if document]


def find(objects: list[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    """Return one object."""
    return next(each for each in objects if each["kind"] == kind and each["metadata"]["name"] == name)
