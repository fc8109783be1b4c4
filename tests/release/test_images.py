"""Images of a release: built from its commit, pushed for two processors, known by the digest that the registry gives.

The Dockerfiles here copy files into nothing, so that a real buildah makes both processors' images in a second.
"""

import hashlib
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from release import bills, images
from release.images import Image
from release.source import Source
from releases.registry import Registry
from releases.trees import ROOT

pytestmark = pytest.mark.endurance

COMMIT = "c" * 40
PROCESSORS = ("amd64", "arm64")
MEDIA = "application/vnd.oci.image.index.v1+json,application/vnd.oci.image.manifest.v1+json"
DOCKERFILE = """FROM scratch
ARG TARGETARCH
COPY README.md $TARGETARCH* /
ARG VERSION=unknown
ARG REVISION=unknown
ARG ACCELERATOR=none
LABEL org.opencontainers.image.revision="${REVISION}" accelerator="${ACCELERATOR}"
"""


@pytest.fixture
def source(tmp_path: Path, storage: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Source:
    """A tree with the script that builds images, and Dockerfiles that need no base."""
    for name, value in {**storage, "BUILDER": "buildah", "PUSH_OPTIONS": "--tls-verify=false"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(images, "BUILDERS", ("buildah",))
    monkeypatch.setattr(images, "_packages", lambda *_: [("deb", "libc6", "2.36")])  # there is no dpkg to ask
    tree = tmp_path / "tree"
    (tree / "scripts").mkdir(parents=True)
    shutil.copy(ROOT / "scripts" / "images", tree / "scripts")
    for name in ("README.md", *PROCESSORS):
        (tree / name).write_text(name)
    for each in ("operator", "grader", "worker"):
        (tree / "images" / each).mkdir(parents=True)
        (tree / "images" / each / "Dockerfile").write_text(DOCKERFILE)
    return Source(tree, "1.2.3", COMMIT, 0)


def served(registry: Registry, name: str, reference: str) -> str:
    """Return the digest of what the registry serves."""
    content = registry.content(f"{name}/manifests/{reference}", accept=MEDIA)
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def test_two_processors_are_one_name(source: Source, registry: Registry, tmp_path: Path) -> None:
    """The list, and the image of each processor in it, have the digests by which the registry serves them."""
    prefix = f"{registry.place}/both/"
    digests = images.pushed(source, prefix, "cpu", "linux/amd64,linux/arm64", tmp_path / "digests")
    assert len(digests) == 9
    for name in ("ssd-operator", "ssd-grader", "ssd-worker"):
        found = images.built(Image(name, f"{prefix}{name}:1.2.3", ours=True), COMMIT, digests)
        assert found.digest == served(registry, f"both/{name}", "1.2.3")
        index = registry.ask(f"both/{name}/manifests/{found.digest}", accept=MEDIA)
        listed = {each["platform"]["architecture"]: each["digest"] for each in index["manifests"]}
        assert {each.architecture: each.digest for each in found.platforms} == listed
        assert tuple(listed) == PROCESSORS
        parts = images.built_parts([found])
        assert [each.name for each in parts] == [name, f"{name}-amd64", f"{name}-arm64"]
        described = [bills.of_image(source, each)["components"] for each in parts]
        assert [len(each) for each in described] == [2, 1, 1]
        assert {each["hashes"][0]["content"] for each in described[0]} == {each[7:] for each in listed.values()}


def test_one_image_has_the_digest_of_the_registry(source: Source, registry: Registry, tmp_path: Path) -> None:
    """Pulled by it, the image is there; its builder has another digest, because what is pushed is compressed."""
    prefix = f"{registry.place}/one/"
    digests = images.pushed(source, prefix, "cpu", "", tmp_path / "digests")
    image = Image("ssd-worker", f"{prefix}ssd-worker:1.2.3", ours=True)
    found = images.built(image, COMMIT, digests)
    assert (
        found.digest == served(registry, "one/ssd-worker", "1.2.3") == served(registry, "one/ssd-worker", found.digest)
    )
    assert found.digest != images.built(image, COMMIT, {}).digest


def test_an_image_counts_by_the_commit_of_its_label(source: Source, tmp_path: Path) -> None:
    """Its digest is taken where the label names the commit, and not where it names another one."""
    script = [str(source.tree / "scripts" / "images")]
    around = {"TAG": "1.2.3", "PREFIX": "localhost/", "REVISION": COMMIT}
    subprocess.run(["env", *(f"{name}={value}" for name, value in around.items()), *script], check=True, cwd=tmp_path)
    image = Image("ssd-grader", "localhost/ssd-grader:1.2.3", ours=True)
    found = images.built(image, COMMIT, {})
    assert found.digest.startswith("sha256:")
    assert replace(found, digest="", architecture="", packages=()) == image
    assert images.built(image, "d" * 40, {}) == image
