"""The Job that shows or removes what nothing names on a claim, in the image and with the rights of a stage's Job.

The Job comes first and its list afterwards: while the Job is there, no stage begins on the claim, so that what is
listed then is all that can be wanted until it has ended. Without its list the pod does not start.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ssd_jobs import contract
from ssd_operator import naming
from ssd_operator.manifests import secure
from ssd_operator.manifests.place import Object

__all__ = ["Pattern", "job", "names"]

LONGEST_S: Final = 3600
"""Nothing begins on the claim for so long at most, whatever becomes of the command that asked for it."""
KEPT_S: Final = 3600
NAMES: Final = "/etc/ssd/names.json"
TAKEN_OVER: Final = (
    "imagePullSecrets", "serviceAccountName", "nodeSelector", "tolerations", "affinity", "priorityClassName",
)  # fmt: skip
"""What the pod has in common with that of the stage."""


@dataclass(frozen=True)
class Pattern:
    """What of a pod the collecting one takes over."""

    image: str
    pod: Object
    """The pod's spec, empty where nothing is known but the image."""
    secret: str = ""
    """Secret with the login of MLflow, where the pod does not name one."""

    def env_from(self) -> list[Object]:
        """Return where MLflow's login comes from."""
        containers = self.pod.get("containers") or [{}]
        return [{"secretRef": {"name": self.secret}}] if self.secret else list(containers[0].get("envFrom", []))


def job(pattern: Pattern, arguments: Sequence[str], *, name: str, namespace: str, claim: str, remove: bool) -> Object:
    """Return the Job, whose program gets these arguments."""
    labels = {naming.LABEL_MANAGED: naming.MANAGED_BY}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {
            "backoffLimit": 0,
            "activeDeadlineSeconds": LONGEST_S,
            "ttlSecondsAfterFinished": KEPT_S,
            "template": {"metadata": {"labels": labels}, "spec": _pod(pattern, arguments, name, claim, remove=remove)},
        },
    }


def names(named: contract.NamedArtifacts, job_name: str, *, namespace: str) -> Object:
    """Return the ConfigMap with what is named, which the Job waits for."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": job_name, "namespace": namespace},
        "immutable": True,
        "data": {NAMES.rsplit("/", 1)[1]: named.model_dump_json()},
    }


def _pod(pattern: Pattern, arguments: Sequence[str], config_map: str, claim: str, *, remove: bool) -> Object:
    mounts = [
        {"name": "names", "mountPath": NAMES.rsplit("/", 1)[0], "readOnly": True},
        {"name": "workspace", "mountPath": naming.WORKSPACE, "readOnly": not remove},
        {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - the pod's own, empty at start
    ]
    command = ["python", "-m", "ssd_jobs.commands.collect", "--workspace", naming.WORKSPACE, "--names", NAMES]
    return {
        **{field: pattern.pod[field] for field in TAKEN_OVER if pattern.pod.get(field)},
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": secure.pod(),
        "containers": [
            {
                "name": naming.WORKER,
                "image": pattern.image,
                "command": [*command, *arguments],
                "envFrom": pattern.env_from(),
                "resources": {"requests": {"cpu": "100m", "memory": "512Mi"}, "limits": {"cpu": "1", "memory": "2Gi"}},
                "securityContext": secure.container(),
                "volumeMounts": mounts,
            }
        ],
        "volumes": [
            {"name": "names", "configMap": {"name": config_map}},
            {"name": "workspace", "persistentVolumeClaim": {"claimName": claim}},
            {"name": "tmp", "emptyDir": {"sizeLimit": "1Gi"}},
        ],
    }
