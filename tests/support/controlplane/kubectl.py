"""kubectl as one user of a test cluster: what a person would type, and its answer as text or as data."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

__all__ = ["Kubectl", "KubectlError"]


class KubectlError(RuntimeError):
    """kubectl ended with an error; its text is what kubectl wrote to a person."""


@dataclass(frozen=True)
class Kubectl:
    """Runs kubectl with one kubeconfig, in one namespace when given, else in the kubeconfig's own."""

    program: Path
    kubeconfig: Path
    cache: Path
    namespace: str | None = None

    def __call__(self, *arguments: str, manifest: Any = None) -> str:
        """Run it and return what it printed; `manifest` (an object, a list of them, or text) is its `-f -`."""
        if manifest is None:
            done = self._run(arguments, given="")
        else:
            done = self._run([*arguments, "-f", "-"], given=_as_text(manifest))
        if done.returncode != 0:
            raise KubectlError(done.stderr.strip() or done.stdout.strip())
        return done.stdout

    def get(self, *arguments: str) -> dict[str, Any]:
        """`kubectl get … -o json`, read."""
        answer: dict[str, Any] = json.loads(self("get", *arguments, "-o", "json"))
        return answer

    def apply(self, manifest: Any, *options: str) -> str:
        """`kubectl apply`."""
        return self("apply", *options, manifest=manifest)

    def can(self, verb: str, resource: str, *options: str) -> bool:
        """Whether RBAC lets this user do it now; a new grant takes the API server some milliseconds to notice."""
        return self._run(["auth", "can-i", verb, resource, *options], given="").stdout.startswith("yes")

    def within(self, namespace: str) -> "Kubectl":
        """The same user in another namespace."""
        return replace(self, namespace=namespace)

    def _run(self, arguments: Sequence[str], *, given: str) -> subprocess.CompletedProcess[str]:
        options = [f"--kubeconfig={self.kubeconfig}", f"--cache-dir={self.cache}"]
        options += [f"--namespace={self.namespace}"] if self.namespace else []
        command = [str(self.program), *options, *arguments]
        return subprocess.run(command, input=given, capture_output=True, text=True, check=False)


def _as_text(manifest: Any) -> str:
    if isinstance(manifest, str):
        return manifest
    return yaml.safe_dump_all(manifest if isinstance(manifest, list) else [manifest])
