"""buildah with a storage of its own, and what this machine's package index needs inside a build.

The Dockerfiles name no index and no certificate; this machine may need both. They are mounted while a build runs, as
pip's configuration and the certificate file, and so never enter an image.
"""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controlplane.errors import Unavailable
from node import package_index

__all__ = ["ALONE", "Builder"]

ALONE = ("unshare", "--mount", "--propagation=private", "--pid", "--fork", "--kill-child", "--mount-proc")
"""Namespaces that take every mount and process of a command with them, however it ends."""


@dataclass(frozen=True)
class Builder:
    """Runs buildah on the storage below `folder`; what it keeps for the moment is below `run`."""

    folder: Path
    run: Path
    prefix: tuple[str, ...] = ()
    """What buildah's command follows, such as another network."""

    def environ(self) -> dict[str, str]:
        """Return the environment in which buildah, also inside scripts/images, uses this storage."""
        settings = self.run / "storage.conf"
        storage = {"driver": "overlay", "graphroot": self.folder, "runroot": self.run / "buildah"}
        text = "".join(f'{name} = "{value}"\n' for name, value in storage.items())
        settings.write_text(f"[storage]\n{text}", encoding="utf-8")
        scratch = self.run / "tmp"
        scratch.mkdir(exist_ok=True)
        return {
            **os.environ,
            "CONTAINERS_STORAGE_CONF": str(settings),
            "TMPDIR": str(scratch),
            "BUILDER": "buildah",
            "BUILDAH_OPTIONS": " ".join(self._options()),
        }

    def __call__(self, *arguments: str) -> str:
        """Run buildah and return what it printed."""
        command = [*self.prefix, *ALONE, "buildah", *arguments]
        done = subprocess.run(command, env=self.environ(), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            reason = "\n".join(done.stderr.strip().splitlines()[-5:])
            raise Unavailable(f"buildah {arguments[0]} failed: {reason}")
        return done.stdout.strip()

    def has(self, image: str) -> bool:
        """Whether the storage has an image of this name."""
        command = [*ALONE, "buildah", "inspect", "--type=image", image]
        return subprocess.run(command, env=self.environ(), capture_output=True, check=False).returncode == 0

    def identity(self, image: str) -> str:
        """Return an image's id: the digest of its configuration."""
        return str(self._described(image)["FromImageID"])

    def size(self, image: str) -> int:
        """Return the size of an image's unpacked layers in bytes."""
        manifest = json.loads(self._described(image)["Manifest"])
        return sum(int(layer["size"]) for layer in manifest["layers"])

    def _described(self, image: str) -> dict[str, Any]:
        described: dict[str, Any] = json.loads(self("inspect", "--type=image", image))
        return described

    def _options(self) -> list[str]:
        """Return what every build on this machine needs."""
        options = ["--pull-never", "--isolation=chroot"]
        if package_index.CERTIFICATES.exists():
            options.append(f"--volume={package_index.CERTIFICATES}:{package_index.CERTIFICATES}:ro")
        settings = self.run / "pip.conf"
        text, folders = package_index.as_file()
        settings.write_text(text, encoding="utf-8")
        options.append(f"--volume={settings}:/etc/pip.conf:ro")
        return options + [f"--volume={folder}:{folder}:ro" for folder in folders]
