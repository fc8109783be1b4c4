"""One node, one installation and one finished experiment for all tests here, made by the quickstart page itself."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from controlplane.errors import Unavailable
from node import foreign, images, quickstart, reader
from node.experiments import Experiment
from node.node import Node, machine_for_a_node
from node.reader import Cluster, position
from releases import installable
from releases.installable import Installable

ROOT = Path(__file__).parents[2]
HOME = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {"name": reader.NAMESPACE, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
}
"""The page's namespace, stricter than `helm --create-namespace` would make it."""


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the page's reader: the examples, and the files of a release."""
    made = tmp_path_factory.mktemp("reader")
    (made / "examples").symlink_to(ROOT / "examples")
    return made


@pytest.fixture(scope="session")
def release(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Installable:
    """The wheel and the chart's package in that folder, as `make release` builds them."""
    return installable.made(folder, tmp_path_factory.mktemp("source"))


@pytest.fixture(scope="session")
def cluster(folder: Path) -> Iterator[Cluster]:
    """A cluster with the product's images, and nothing installed: SSD_TEST_KUBECONFIG's, or a node made here."""
    try:
        lent = foreign.given(os.environ)
        with _lent(lent, folder) if lent else _made(folder) as found:
            found.admin.apply(HOME)
            yield found
    except Unavailable as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None


@contextmanager
def _lent(lent: foreign.Foreign, folder: Path) -> Iterator[Cluster]:
    with foreign.lent(lent, reader.NAMESPACE, folder / "kubectl-cache") as kubectl:
        found = Cluster(kubectl, lent.prefix, lent.tag, folder)
        try:
            yield found
        finally:
            found.shell(f"helm uninstall ssd --namespace {reader.NAMESPACE} --ignore-not-found --wait --timeout 5m")


@contextmanager
def _made(folder: Path) -> Iterator[Cluster]:
    begin = time.monotonic()
    with machine_for_a_node() as (places, builder):
        built = images.build(builder)
        with Node(places, builder) as node:
            prefix, tag = node.load(built)
            sys.stderr.write(f"node and images ready after {time.monotonic() - begin:.0f} s\n")
            yield Cluster(node.kubectl, prefix, tag, folder)


@pytest.fixture(scope="session")
def own_node() -> None:
    """Marks what looks into the node's processes or volumes: it is left out on somebody else's cluster."""


@pytest.fixture(scope="session")
def page() -> list[quickstart.Step]:
    """The steps of the quickstart page."""
    return list(quickstart.steps(quickstart.PAGE.read_text(encoding="utf-8")))


@pytest.fixture(scope="session")
def installed(release: Installable, cluster: Cluster, page: list[quickstart.Step]) -> Cluster:
    """The page's steps up to the point where the first experiment would be applied."""
    cluster.follow(page[: position(page, "apply -f examples")])
    return cluster


@pytest.fixture(scope="session")
def toy(installed: Cluster, page: list[quickstart.Step]) -> Experiment:
    """The page's experiment, as far as it gets: the page waits for its end itself."""
    first, last = position(page, "apply -f examples"), position(page, "port-forward")
    experiment = installed.experiment("toy")
    for step in page[first:last]:
        if "wait sd/toy" in step.text:
            experiment.wait_phase("Succeeded", seconds=2400)
        installed.follow([step])
    return experiment


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Everything here needs a node, and some of it one of our own."""
    here = Path(__file__).parent
    for item in (each for each in items if here in each.path.parents):
        item.add_marker("node")
    if os.environ.get("SSD_TEST_KUBECONFIG"):
        out = [each for each in items if "own_node" in getattr(each, "fixturenames", ())]
        config.hook.pytest_deselected(items=out)
        items[:] = [each for each in items if each not in out]
