"""Somebody else's cluster for the tests on real pods: what they must know of it, and what they leave there: nothing.

SSD_TEST_KUBECONFIG names the cluster, SSD_TEST_IMAGES what stands before the names of images that were pushed for it
(`PREFIX=… make images`), SSD_TEST_TAG their tag.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from controlplane import binaries
from controlplane.errors import Unavailable
from controlplane.kubectl import Kubectl

__all__ = ["Foreign", "given", "lent"]

DEFINITIONS = ("selfdistillations.selfdistill.dev", "selfdistillationsweeps.selfdistill.dev")


@dataclass(frozen=True)
class Foreign:
    """How to reach the cluster, and its images."""

    kubeconfig: Path
    prefix: str
    tag: str


def given(environ: Mapping[str, str]) -> Foreign | None:
    """Return the cluster that the environment names, if it names one."""
    kubeconfig = environ.get("SSD_TEST_KUBECONFIG", "")
    if not kubeconfig:
        return None
    if not Path(kubeconfig).is_file():
        raise Unavailable(f"SSD_TEST_KUBECONFIG={kubeconfig}: there is no such file.")
    prefix = environ.get("SSD_TEST_IMAGES", "")
    if not prefix:
        raise Unavailable("SSD_TEST_IMAGES is not set: push the images and give what stands before their names.")
    return Foreign(Path(kubeconfig), prefix, environ.get("SSD_TEST_TAG", version("ssd-operator")))


@contextmanager
def lent(cluster: Foreign, namespace: str, cache: Path) -> Iterator[Kubectl]:
    """Yield kubectl as the cluster's administrator; afterwards the namespace and the definitions are gone again."""
    kubectl = Kubectl(binaries.find("kubectl"), cluster.kubeconfig, cache)
    definitions = [("crd", name) for name in DEFINITIONS]
    for kind, name in (("namespace", namespace), *definitions):
        if kubectl("get", kind, name, "--ignore-not-found"):
            raise Unavailable(
                f"the cluster of SSD_TEST_KUBECONFIG has a {kind} {name} already: the tests would spoil it."
            )
    try:
        yield kubectl
    finally:
        for kind, name in (*definitions, ("namespace", namespace)):
            kubectl("delete", kind, name, "--ignore-not-found", "--timeout=300s")
