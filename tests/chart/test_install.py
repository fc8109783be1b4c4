"""Laws of installations on a real API server: what helm makes is taken, twice in one cluster, and found again later."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster import helm
from controlplane.plane import ControlPlane
from ssd_operator import naming
from ssd_operator.spec.kinds import RESOURCE_KINDS

CRDS = tuple(f"{row.plural}.{naming.GROUP}" for row in RESOURCE_KINDS.values())
EVERYTHING = "mlflow.enabled=true,priorityClasses.enabled=true,kueue.enabled=true,metrics.dashboard.enabled=true"
TWO = "replicas=2,podDisruptionBudget.enabled=true"


class Release:
    """One release's helm."""

    def __init__(self, plane: ControlPlane, name: str, namespace: str) -> None:
        self._plane, self._name, self._namespace = plane, name, namespace

    def __call__(self, verb: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a verb on this release."""
        place = ("--namespace", self._namespace, "--kubeconfig", str(self._plane.kubeconfig))
        return helm.run(verb, self._name, *arguments, *place)

    def install(self, settings: str) -> str:
        """Install the chart, and return what helm complained of."""
        return self("install", str(helm.CHART), "--create-namespace", "--set", settings).stderr


@pytest.fixture
def control_plane(tmp_path: Path) -> Iterator[ControlPlane]:
    """A cluster of this test's own: the definition, which comes and goes here, belongs to no namespace."""
    with ControlPlane(tmp_path) as plane:
        yield plane


def test_an_installation_of_everything_can_be_upgraded(control_plane: ControlPlane) -> None:
    """The API server takes every object that needs no other project's definition, and takes it again."""
    release = Release(control_plane, "ssd", "chart-all")
    assert release.install(f"{EVERYTHING},{TWO}") == ""
    assert release("upgrade", str(helm.CHART), "--reuse-values").stderr == ""
    assert release("uninstall").returncode == 0
    for name in CRDS:
        assert control_plane.kubectl.get("crd", name)["metadata"]["name"] == name


def test_two_teams_have_an_operator_each(control_plane: ControlPlane) -> None:
    """The second one brings nothing that belongs to the whole cluster, and may have the same name."""
    first, second = Release(control_plane, "ssd", "chart-a"), Release(control_plane, "ssd", "chart-b")
    assert first.install("watchNamespaces={chart-a}") == ""
    assert "invalid ownership metadata" in second.install("watchNamespaces={chart-b}")
    assert second.install("watchNamespaces={chart-b},crds.enabled=false,rbac.userRoles=false") == ""
    assert second("uninstall").returncode == first("uninstall").returncode == 0


def test_another_release_can_take_the_definition_over(control_plane: ControlPlane) -> None:
    """What stays after an uninstallation is adopted as docs/upgrading.md says."""
    old, new = Release(control_plane, "old", "chart-old"), Release(control_plane, "new", "chart-new")
    assert old.install("replicas=1") == ""
    assert old("uninstall").returncode == 0
    assert "invalid ownership metadata" in new.install("replicas=1")
    kubectl = control_plane.kubectl
    kubectl("label", "crd", *CRDS, "app.kubernetes.io/managed-by=Helm", "--overwrite")
    owner = ("meta.helm.sh/release-name=new", "meta.helm.sh/release-namespace=chart-new")
    kubectl("annotate", "crd", *CRDS, *owner, "--overwrite")
    assert new.install("replicas=1") == ""
    assert new("uninstall").returncode == 0
