"""The chart's package is a function of the commit, and says of itself what Artifact Hub shows."""

import io
import tarfile
from pathlib import Path

import pytest
import yaml

from cluster import helm
from release import chart, images
from release.source import Source
from releases.trees import EPOCH, copied
from ssd_operator.spec import resource
from ssd_operator.spec.kinds import RESOURCE_KINDS, SWEEP
from ssd_operator.spec.sweep_resource import parse_sweep

PARTS = ("charts", "crds", "examples/machine", "examples/studies", "CHANGELOG.md", "operator/ssd_operator/__init__.py")


def packed(source: Source, target: Path) -> Path:
    """Package a chart as a release does."""
    return chart.package(source, images.named(source, helm=helm.HELM), target, helm=helm.HELM)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The chart of the working tree as a package."""
    folder = tmp_path_factory.mktemp("chart")
    return packed(copied(folder / "tree", *PARTS), folder)


@pytest.fixture(scope="module")
def annotations(package: Path) -> dict[str, str]:
    """What stands in the package's Chart.yaml for Artifact Hub."""
    shown = yaml.safe_load(helm.run("show", "chart", str(package)).stdout)["annotations"]
    return {name.removeprefix("artifacthub.io/"): text for name, text in shown.items()}


def test_two_packages_are_the_same_bytes(package: Path, tmp_path: Path) -> None:
    """Neither when nor where nor by whom it is packed reaches the package."""
    other = packed(copied(tmp_path / "tree", *PARTS, modified=EPOCH + 86_400, mask=0o077), tmp_path)
    assert other.read_bytes() == package.read_bytes()


def test_every_file_has_one_time_and_one_owner(package: Path) -> None:
    """The commit's time, root, and readable by all."""
    with tarfile.open(fileobj=io.BytesIO(package.read_bytes())) as files:
        members = files.getmembers()
    assert {(each.mtime, each.uid, each.gid, each.uname, each.mode) for each in members} == {(EPOCH, 0, 0, "", 0o644)}
    assert [each.name for each in members] == sorted(each.name for each in members)


def test_the_package_installs_what_the_folder_does(package: Path) -> None:
    """helm renders the same objects from it, the definitions included."""
    assert helm.run("template", "ssd", str(package)).stdout == helm.run("template", "ssd", str(helm.CHART)).stdout


def test_the_images_are_those_that_pods_run(annotations: dict[str, str]) -> None:
    """The list has each image that an installation with everything on would pull, and what stages run in."""
    named = {each["image"] for each in yaml.safe_load(annotations["images"])}
    rendered = helm.render(*helm.EVERYTHING, "crds.enabled=false")
    pods = [each["spec"]["template"]["spec"] for each in rendered if each["kind"] == "Deployment"]
    assert named > {container["image"] for pod in pods for container in pod["containers"]}
    assert {image.partition(":")[0] for image in named if "/" not in image} == {
        "ssd-operator",
        "ssd-worker",
        "ssd-grader",
    }


def test_definitions_and_examples_are_those_of_the_models(annotations: dict[str, str]) -> None:
    """Each kind is named once, and each example passes every rule."""
    assert {each["kind"] for each in yaml.safe_load(annotations["crds"])} == set(RESOURCE_KINDS)
    examples = yaml.safe_load(annotations["crdsExamples"])
    assert {each["kind"] for each in examples} == set(RESOURCE_KINDS)
    for each in examples:
        assert parse_sweep(each).cells() if each["kind"] == SWEEP.kind else resource.parse(each).resolve()


def test_the_changes_have_kinds_that_artifact_hub_knows(annotations: dict[str, str]) -> None:
    """Every entry has a kind and one line of words."""
    changes = yaml.safe_load(annotations["changes"])
    assert changes
    for change in changes:
        assert change["kind"] in ("added", "changed", "deprecated", "removed", "fixed", "security")
        assert change["description"] == " ".join(change["description"].split())
