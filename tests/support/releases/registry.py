"""A container registry on this machine, of Debian's package `docker-registry`."""

import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from processes.ports import free_port

__all__ = ["Registry", "serving"]

PATIENCE_S = 60


@dataclass(frozen=True)
class Registry:
    """A registry that listens on the loopback, without TLS."""

    place: str
    """HOST:PORT."""

    def ask(self, path: str, *, accept: str = "*/*") -> Any:
        """Return the answer to a request."""
        return json.loads(self.content(path, accept=accept))

    def content(self, path: str, *, accept: str) -> bytes:
        """Return the bytes of an answer, of which a digest is made."""
        request = urllib.request.Request(f"http://{self.place}/v2/{path}", headers={"Accept": accept})
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            content: bytes = answer.read()
        return content


@contextmanager
def serving(folder: Path) -> Iterator[Registry]:
    """Run a registry that keeps everything below a folder."""
    if shutil.which("docker-registry") is None:
        pytest.fail("docker-registry is missing: apt-get install docker-registry buildah")
    place = f"127.0.0.1:{free_port()}"
    settings = folder / "registry.yaml"
    storage = {"filesystem": {"rootdirectory": str(folder / "blobs")}}
    settings.write_text(yaml.safe_dump({"version": 0.1, "storage": storage, "http": {"addr": place}}))
    with (folder / "registry.log").open("w") as log:
        process = subprocess.Popen(["docker-registry", "serve", str(settings)], stdout=log, stderr=log)
    try:
        registry = Registry(place)
        _wait(registry, process)
        yield registry
    finally:
        process.terminate()
        process.wait()


def _wait(registry: Registry, process: "subprocess.Popen[bytes]") -> None:
    """Return when the registry answers."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end and process.poll() is None:
        with suppress(OSError):
            registry.ask("_catalog")
            return
        time.sleep(0.1)
    pytest.fail("docker-registry does not answer")
