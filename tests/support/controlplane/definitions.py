"""CustomResourceDefinitions, installed so that the very next command finds their kinds.

The API server accepts a definition some moments before it lists its kinds and describes their fields, and kubectl
remembers the list for hours: who asks too early is told that there is no such kind, again and again.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from controlplane.kubectl import Kubectl
from controlplane.waiting import wait_until

__all__ = ["install"]


def install(kubectl: Kubectl, files: Sequence[Path]) -> None:
    """Apply the definitions, and return when clients can use their kinds, by short names and with `explain`."""
    kubectl("apply", "--server-side", *[f"--filename={path}" for path in files])
    documents = [kubectl.get(f"--filename={path}") for path in files]
    kinds = {document["metadata"]["name"] for document in documents}
    versions = {
        f"apis/{document['spec']['group']}/{version['name']}"
        for document in documents
        for version in document["spec"]["versions"]
        if version["served"]
    }

    def are_listed() -> bool:
        return kinds <= set(kubectl("api-resources", "--output=name").split())

    def are_described() -> bool:
        return versions <= set(json.loads(kubectl("get", "--raw=/openapi/v3"))["paths"])

    what = f"the API server to serve {', '.join(sorted(kinds))}"
    wait_until(are_described, what=what)
    wait_until(are_listed, what=what)
