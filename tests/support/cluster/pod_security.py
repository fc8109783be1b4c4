"""What the Pod Security level `restricted` asks for of a pod, as the standard words it."""

from collections.abc import Iterator
from typing import Any

__all__ = ["violations"]

VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}


def violations(spec: dict[str, Any]) -> Iterator[str]:
    """Yield what keeps a pod out of a namespace that enforces `restricted`."""
    yield from (name for name in ("hostNetwork", "hostPID", "hostIPC") if spec.get(name))
    for volume in spec["volumes"]:
        if volume.keys() - {"name"} - VOLUMES:
            yield f"volume {volume}"
    if spec["securityContext"].get("runAsNonRoot") is not True or spec["securityContext"].get("runAsUser") == 0:
        yield "root"
    if spec["securityContext"].get("seccompProfile") != {"type": "RuntimeDefault"}:
        yield "seccomp"
    for container in [*spec.get("initContainers", []), *spec["containers"]]:
        context = container["securityContext"]
        if context.get("privileged") or context.get("allowPrivilegeEscalation") is not False:
            yield f"rights of {container['name']}"
        if context.get("capabilities") != {"drop": ["ALL"]} or context.get("runAsUser") == 0:
            yield f"capabilities of {container['name']}"
        if any("hostPort" in port for port in container.get("ports", [])):
            yield f"host port of {container['name']}"
