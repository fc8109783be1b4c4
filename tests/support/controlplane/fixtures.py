"""Pytest fixtures of the real control plane; tests/conftest.py loads this module as a plugin.

A worker of pytest-xdist has a control plane of its own, started by the first test that asks for one (3 s, 550 MB with the controllers):
definitions, cluster roles and nodes have no namespace, and tests that change them must not meet those of another
worker.
"""

import uuid
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from controlplane import definitions
from controlplane.errors import Unavailable
from controlplane.kubectl import Kubectl
from controlplane.plane import ControlPlane

__all__ = ["control_plane", "crds", "job_controller", "kubectl", "make_namespace", "namespace", "restricted_namespace"]

CRDS = Path(__file__).parents[3] / "crds"
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A real etcd and API server, for all tests of this worker."""
    try:
        plane = ControlPlane(tmp_path_factory.mktemp("kube"))
        plane.start()
    except Unavailable as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None
    yield plane
    plane.stop()


@pytest.fixture(scope="session")
def crds(control_plane: ControlPlane) -> ControlPlane:
    """The control plane with this repository's CustomResourceDefinitions, ready to use."""
    files = sorted(CRDS.glob("*.yaml"))
    if not files:
        pytest.fail(f"{CRDS} has no CustomResourceDefinition: run `make crds`.", pytrace=False)
    definitions.install(control_plane.kubectl, files)
    return control_plane


@pytest.fixture(scope="session")
def job_controller(crds: ControlPlane) -> ControlPlane:
    """The control plane with our definitions and the real controllers of Jobs, garbage, namespaces and so on."""
    try:
        crds.start_controllers()
    except Unavailable as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None
    return crds


@pytest.fixture
def make_namespace(control_plane: ControlPlane) -> Iterator[Callable[..., str]]:
    """Make a fresh namespace and return its name; `restricted=True` lets Pod Security enforce its strictest level."""
    made: list[str] = []

    def make(*, restricted: bool = False) -> str:
        name = f"test-{uuid.uuid4().hex[:10]}"
        labels = RESTRICTED if restricted else {}
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": name}}
        control_plane.kubectl("apply", "--server-side", manifest=[namespace, account])
        made.append(name)
        return name

    yield make
    if made:
        control_plane.kubectl("delete", "namespace", "--wait=false", "--ignore-not-found", *made)


@pytest.fixture
def namespace(make_namespace: Callable[..., str]) -> str:
    """A fresh namespace, in which pods can be made at once."""
    return make_namespace()


@pytest.fixture
def restricted_namespace(make_namespace: Callable[..., str]) -> str:
    """A fresh namespace that admits only pods of the Pod Security level `restricted`."""
    return make_namespace(restricted=True)


@pytest.fixture
def kubectl(control_plane: ControlPlane, namespace: str) -> Kubectl:
    """kubectl as the administrator, in the test's own namespace."""
    return control_plane.kubectl.within(namespace)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs the control plane, so that `-m "not control_plane"` is the pure tests."""
    for item in items:
        if "control_plane" in getattr(item, "fixturenames", ()):
            item.add_marker("control_plane")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the end of the servers' logs with a test that failed on them."""
    report = yield
    plane = getattr(item, "funcargs", {}).get("control_plane")
    if report.failed and plane is not None:
        report.sections.append(("control plane", plane.logs()))
    return report
