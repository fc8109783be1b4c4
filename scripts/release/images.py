"""The images that the chart names: ours built and pushed where that is asked for, and what is known of them.

The list is read from what helm renders with everything on, so an image that a template begins to use cannot be missed.
An image counts as built for a release when its label names the release's commit. Only a registry gives the digest by
which it can be pulled: what is pushed is compressed, so without a push the digest is the builder's own.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from release.errors import run
from release.source import Source

__all__ = ["Image", "built", "built_parts", "named", "pushed"]

REVISION = "org.opencontainers.image.revision"
SETTINGS = ("--set", "mlflow.enabled=true,crds.enabled=false")
"""Everything that brings an image; the definitions bring none, and are long."""
BUILDERS = ("docker", "podman", "buildah")
QUESTION = (
    "dpkg-query -W -f 'deb ${Package} ${Version}\\n' && "
    "/opt/ssd/bin/python -m pip list --disable-pip-version-check --format freeze | sed 's/==/ /; s/^/pypi /'"
)
VARIABLE = re.compile(r"SSD_\w+_IMAGE")


@dataclass(frozen=True)
class Image:
    """One image of the chart."""

    name: str
    reference: str
    """As the chart writes it, with its tag."""
    ours: bool
    digest: str = ""
    """Of the image that was built here from the release's commit; empty where none was."""
    architecture: str = ""
    packages: tuple[tuple[str, str, str], ...] = ()
    """(kind, name, version) of what is installed in it: kind is deb or pypi."""
    platforms: tuple["Image", ...] = ()
    """The images that it lists, one for each processor; none when it is one itself."""


def pushed(source: Source, prefix: str, accelerator: str, platforms: str, digests: Path) -> dict[str, str]:
    """Build ours from the release's source and push them; return the registry's digest of each by its name."""
    asked = {"ACCELERATOR": accelerator, "PLATFORMS": platforms, "PREFIX": prefix, "TAG": source.version}
    digests.mkdir()
    environment = {**os.environ, **asked, "REVISION": source.commit, "DIGESTS": str(digests)}
    run(source.tree / "scripts" / "images", environment=environment)
    return {each.name: each.read_text(encoding="utf-8").strip() for each in digests.iterdir()}


def named(source: Source, *, helm: Path) -> list[Image]:
    """Return every image that an installation may pull, in the order of their names."""
    text = run(helm, "template", "ssd", source.chart, *SETTINGS)
    found = {each for document in yaml.safe_load_all(text) for each in _images(document)}
    return [Image(_name(each), each, _name(each).startswith("ssd-")) for each in sorted(found)]


def built(image: Image, commit: str, digests: Mapping[str, str]) -> Image:
    """Return the image with its digest, the registry's if pushed, where a builder here has it from this commit."""
    if not image.ours:
        return image
    prefix = f"{image.name}-"
    processors = sorted(each.removeprefix(prefix) for each in digests if each.startswith(prefix))
    if processors:
        each_one = (
            replace(image, name=f"{prefix}{each}", reference=f"{image.reference}-{each}") for each in processors
        )
        parts = tuple(built(each, commit, digests) for each in each_one)
        return replace(image, digest=digests[image.name], architecture=", ".join(processors), platforms=parts)
    for builder in BUILDERS:
        facts = _inspected(builder, image.reference) if shutil.which(builder) else None
        if facts is not None and facts["labels"].get(REVISION) == commit:
            packages = tuple(_packages(builder, image.reference))
            digest = digests.get(image.name, facts["digest"])
            return replace(image, digest=digest, architecture=facts["architecture"], packages=packages)
    return image


def built_parts(images: Iterable[Image]) -> list[Image]:
    """Return the images that were built, each list before the images that it lists."""
    return [part for image in images for part in (image, *image.platforms) if part.digest]


def _images(node: Any) -> Iterator[str]:
    """Yield what stands at `image`, and what the operator is told by a variable to use for its pods."""
    if isinstance(node, dict):
        if isinstance(node.get("image"), str):
            yield node["image"]
        if VARIABLE.fullmatch(str(node.get("name"))) and isinstance(node.get("value"), str):
            yield node["value"]
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _images(child)


def _name(reference: str) -> str:
    return reference.rpartition("/")[2].partition("@")[0].partition(":")[0]


def _inspected(builder: str, reference: str) -> dict[str, Any] | None:
    """Return labels, digest and architecture of a local image; None where the builder has none of this name."""
    kind = ("inspect", "--type", "image") if builder == "buildah" else ("image", "inspect")
    command = [builder, *kind, reference]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return None
    found = json.loads(done.stdout)
    if builder == "buildah":
        config = found["OCIv1"]
        labels, digest = config["config"].get("Labels"), found["FromImageDigest"]
        return {"labels": labels or {}, "digest": digest, "architecture": config["architecture"]}
    [found] = found
    # A digest that a registry knows only an image has that was pushed; before that its id names the same content.
    digest = next((each.partition("@")[2] for each in found.get("RepoDigests") or ()), found["Id"])
    return {"labels": found["Config"].get("Labels") or {}, "digest": digest, "architecture": found["Architecture"]}


def _packages(builder: str, reference: str) -> Iterator[tuple[str, str, str]]:
    """Yield what is installed in an image, asked of its own dpkg and pip."""
    if builder == "buildah":
        container = run(builder, "from", "--pull-never", reference).strip()
        try:
            text = run(builder, "run", "--isolation", "chroot", container, "--", "sh", "-c", QUESTION)
        finally:
            run(builder, "rm", container)
    else:
        text = run(builder, "run", "--rm", "--network", "none", "--entrypoint", "sh", reference, "-c", QUESTION)
    for line in text.splitlines():
        kind, name, version = line.split()
        yield kind, name, version
