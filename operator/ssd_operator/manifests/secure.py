"""What Pod Security `restricted` asks for, and a little more: every pod of ours, without exception."""

from ssd_operator.manifests.place import Object

__all__ = ["SANDBOX_UID", "WORKER_UID", "container", "pod"]

WORKER_UID = 65532
SANDBOX_UID = 65533
"""Another user than the grader, so that neither can signal or trace the other."""


def pod() -> Object:
    """Return the pod's security context."""
    return {
        "runAsNonRoot": True,
        "runAsUser": WORKER_UID,
        "runAsGroup": WORKER_UID,
        "fsGroup": WORKER_UID,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def container(*, uid: int | None = None) -> Object:
    """Return a container's security context."""
    context: Object = {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    return context if uid is None else {**context, "runAsUser": uid}
