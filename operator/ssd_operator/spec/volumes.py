"""What a user mounts into the worker beside what the operator mounts: CA bundles, caches, data.

A pod in which programs run that a model wrote takes none of it.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final

from pydantic import Field

from ssd_operator import naming
from ssd_operator.spec import patterns
from ssd_operator.spec.base import Section
from ssd_operator.spec.marks import Execution
from ssd_operator.spec.scalars import FreeForm, OptionalPath

__all__ = ["NOT_ABOVE", "NOT_BELOW", "Volume", "VolumeMount"]

_CONFIG, _SOCKET = (path.rsplit("/", 1)[0] for path in (naming.CONFIG_FILE, naming.SANDBOX_SOCKET))
NOT_BELOW: Final = (naming.WORKSPACE, _CONFIG, _SOCKET)
"""Folders of the operator's, into which nothing of a user's is mounted."""
NOT_ABOVE: Final = (*NOT_BELOW, "/tmp", "/dev/shm")  # noqa: S108 - where a pod has its own
"""Folders that nothing of a user's hides."""

_VolumeName = Annotated[str, Field(max_length=58, pattern=patterns.DNS_LABEL)]
"""`user-` stands in front of it in the pod, and a volume's name there is at most 63 characters."""


class Volume(Section):
    """A volume of the pod: exactly one source, as in a pod."""

    mark = Execution
    one_of: ClassVar[tuple[str, ...]] = (
        "configMap", "secret", "projected", "persistentVolumeClaim", "emptyDir", "ephemeral", "csi", "hostPath",
    )  # fmt: skip
    always_written: ClassVar[frozenset[str]] = frozenset({"name"})

    name: _VolumeName
    """Name by which volumeMounts mean it."""
    config_map: FreeForm | None = None
    """Files from a ConfigMap, such as a CA bundle."""
    secret: FreeForm | None = None
    """Files from a Secret."""
    projected: FreeForm | None = None
    """Files from several places."""
    persistent_volume_claim: FreeForm | None = None
    """Another claim, such as a cache of models; the run's own is mounted already."""
    empty_dir: FreeForm | None = None
    """Scratch space of the pod."""
    ephemeral: FreeForm | None = None
    """A claim that lives as long as the pod."""
    csi: FreeForm | None = None
    """A volume of a CSI driver."""
    host_path: FreeForm | None = None
    """A folder of the node; the pod is not `restricted` any more, so allowHostPath must say that it may."""


class VolumeMount(Section):
    """Where the worker sees a volume."""

    mark = Execution
    always_written: ClassVar[frozenset[str]] = frozenset({"name", "mount_path"})

    name: _VolumeName
    """Which of the volumes."""
    mount_path: Annotated[str, Field(max_length=512, pattern=patterns.MOUNT)]
    """Where the worker sees it; not over or in what the operator mounts, such as /workspace."""
    sub_path: OptionalPath = ""
    """A path below the volume's root instead of the root."""
    read_only: bool = False
    """Do not let the worker write."""
