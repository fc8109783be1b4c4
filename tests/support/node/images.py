"""The product's three images, built from their Dockerfiles by scripts/images and pushed to a registry of our own.

Their tag says what they are (a digest of the three ids), so a node never runs yesterday's code under today's tag; layers
that did not change are neither built nor pushed nor pulled again.
"""

import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from controlplane import cache
from controlplane.errors import Unavailable
from node import base_image
from node.builder import ALONE, Builder

__all__ = ["COMPONENTS", "PREFIX", "REVISION", "TAG", "Built", "build"]

ROOT = Path(__file__).parents[3]
COMPONENTS = ("operator", "worker", "grader")
TAG = "e2e"
PREFIX = "localhost/"
REVISION = "the tree as it is"


@dataclass(frozen=True)
class Built:
    """The three images in buildah's storage."""

    identities: Mapping[str, str]
    """The id of each image, by its name."""

    @property
    def tag(self) -> str:
        """The one tag under which they are pushed."""
        return cache.digest(*(identity.encode() for _, identity in sorted(self.identities.items())))


def build(builder: Builder) -> Built:
    """Build the three images for the CPU, and say how much each adds to its base."""
    begin = time.monotonic()
    log = builder.run / "images.log"
    sys.stderr.write(f"building images; progress in {log}\n")
    environ = {**builder.environ(), "ACCELERATOR": "cpu", "TAG": TAG, "PREFIX": PREFIX, "REVISION": REVISION}
    with log.open("w") as output:
        command = [*ALONE, "nice", str(ROOT / "scripts" / "images")]
        done = subprocess.run(command, env=environ, stdout=output, stderr=output, check=False)
    if done.returncode != 0:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
        raise Unavailable(f"building the images failed; the end of {log}:\n{tail}")
    names = [f"ssd-{component}" for component in COMPONENTS]
    base = builder.size(base_image.NAME)
    sizes = ", ".join(f"{name} +{(builder.size(_local(name)) - base) / 1e6:.0f} MB" for name in names)
    sys.stderr.write(f"images built in {time.monotonic() - begin:.0f} s: {sizes} over their base\n")
    return Built({name: builder.identity(_local(name)) for name in names})


def _local(name: str) -> str:
    return f"{PREFIX}{name}:{TAG}"
