"""Volumes of the node: folders of this machine as local PersistentVolumes, so a test sees from outside what pods write.

Local volumes, unlike hostPath, honour fsGroup. They say ReadWriteMany because all pods of one node can share a folder.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from node.settings import NAME

__all__ = ["CLASS", "objects"]

CLASS = "local"


def objects(folder: Path, count: int) -> Sequence[dict[str, Any]]:
    """Return a default storage class and `count` volumes of it, whose folders this makes."""
    storage_class = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": CLASS, "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
        "provisioner": "kubernetes.io/no-provisioner",
        "volumeBindingMode": "WaitForFirstConsumer",
    }
    return [storage_class, *(_volume(folder / f"volume-{number}") for number in range(count))]


def _volume(folder: Path) -> dict[str, Any]:
    folder.mkdir(parents=True)
    here = {"key": "kubernetes.io/hostname", "operator": "In", "values": [NAME]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": folder.name},
        "spec": {
            "capacity": {"storage": "100Gi"},
            "accessModes": ["ReadWriteOnce", "ReadWriteMany"],
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": CLASS,
            "local": {"path": str(folder)},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}},
        },
    }
