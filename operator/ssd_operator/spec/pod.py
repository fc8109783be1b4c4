"""How a stage's pods differ from what the operator builds: resources, placement, environment, volumes.

`spec.pod` is the default of all stages, each stage's own `pod` is laid over it. Everything here is execution: it
can change at any time and takes effect from the next Job on. Pods in which programs run that a model wrote take less:
what a `SealedPod` has, and of labels and annotations what `manifests.asked` lets pass.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from ssd_operator.spec import patterns
from ssd_operator.spec.base import Section
from ssd_operator.spec.marks import Execution
from ssd_operator.spec.scalars import (
    DnsName,
    FreeForm,
    Key,
    LabelValue,
    Line,
    OptionalDnsName,
    Quantity,
    StringMap,
    Text,
    once_by,
)
from ssd_operator.spec.volumes import Volume, VolumeMount

__all__ = [
    "EnvSource",
    "EnvVar",
    "KeySelector",
    "LocalReference",
    "Pod",
    "ResourceClaim",
    "Resources",
    "SealedPod",
    "Toleration",
]


def _map_by(field: str) -> Any:
    """Return the words of a list that is a map by a field."""
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [field]}


class LocalReference(Section):
    """An object of the same namespace."""

    mark = Execution
    always_written: ClassVar[frozenset[str]] = frozenset({"name"})

    name: DnsName
    """Name of the object."""


class KeySelector(Section):
    """One key of a Secret or ConfigMap of the same namespace."""

    mark = Execution
    always_written: ClassVar[frozenset[str]] = frozenset({"name", "key"})

    name: DnsName
    """Name of the object."""
    key: Key
    """The key in it."""


class Resources(Section):
    """What the container asks for, as in a pod."""

    mark = Execution

    requests: Annotated[dict[str, Quantity], Field(max_length=16)] = Field(default_factory=dict)
    """Guaranteed amounts by resource name, such as cpu: 8, memory: 64Gi."""
    limits: Annotated[dict[str, Quantity], Field(max_length=16)] = Field(default_factory=dict)
    """Most it may use. GPUs are added from the stage's GPU count; do not write them here."""


class Toleration(Section):
    """A node taint that the pods accept, as in a pod."""

    mark = Execution

    key: Annotated[str, Field(max_length=316)] = ""
    """Taint key; empty with operator Exists matches all."""
    operator: Literal["Exists", "Equal"] = "Equal"
    """How the key and value are compared."""
    value: LabelValue = ""
    """Taint value."""
    effect: Literal["", "NoSchedule", "PreferNoSchedule", "NoExecute"] = ""
    """Taint effect; empty matches all."""
    toleration_seconds: Annotated[int, Field(ge=0, le=31_536_000)] | None = None
    """How long to stay after a NoExecute taint; absent is forever."""


class EnvSource(Section):
    """Where the value of a variable comes from."""

    mark = Execution
    one_of: ClassVar[tuple[str, ...]] = ("secretKeyRef", "configMapKeyRef")

    secret_key_ref: KeySelector | None = None
    """A key of a Secret."""
    config_map_key_ref: KeySelector | None = None
    """A key of a ConfigMap."""


class EnvVar(Section):
    """An environment variable of the worker."""

    mark = Execution
    always_written: ClassVar[frozenset[str]] = frozenset({"name"})

    name: Annotated[str, Field(max_length=256, pattern=patterns.VARIABLE)]
    """Its name."""
    value: Text = ""
    """Its value; leave it out when valueFrom is set."""
    value_from: EnvSource | None = None
    """Take the value from a Secret or ConfigMap."""


class ResourceClaim(Section):
    """Devices by dynamic resource allocation: an existing claim, or a template of which each pod gets its own."""

    mark = Execution
    one_of: ClassVar[tuple[str, ...]] = ("resourceClaimName", "resourceClaimTemplateName")
    always_written: ClassVar[frozenset[str]] = frozenset({"name"})

    name: Annotated[str, Field(max_length=63, pattern=patterns.DNS_LABEL)]
    """Name of the entry."""
    resource_claim_name: DnsName | None = None
    """A ResourceClaim, which all pods share."""
    resource_claim_template_name: DnsName | None = None
    """A ResourceClaimTemplate."""


class SealedPod(Section):
    """Defaults for pods that run programs which a model wrote: no volume, identity or device can be asked for."""

    mark = Execution

    image: Line = ""
    """Image instead of the one the operator was installed with."""
    resources: Resources = Resources()
    """CPU, memory and other resources of the worker container."""
    node_selector: StringMap = Field(default_factory=dict)
    """Labels a node must have."""
    tolerations: Annotated[tuple[Toleration, ...], Field(max_length=32)] = ()
    """Taints to accept."""
    affinity: FreeForm = Field(default_factory=dict)
    """Affinity as in a pod."""
    env: Annotated[tuple[EnvVar, ...], Field(max_length=64, json_schema_extra=_map_by("name")), once_by("name")] = ()
    """Environment of the worker container, such as NCCL settings."""
    labels: StringMap = Field(default_factory=dict)
    """More labels of the pods."""
    annotations: StringMap = Field(default_factory=dict)
    """More annotations of the pods."""
    image_pull_secrets: Annotated[tuple[LocalReference, ...], Field(max_length=8)] = ()
    """Secrets to pull images with."""
    scheduler_name: OptionalDnsName = ""
    """Another scheduler than the cluster's default."""
    priority_class_name: OptionalDnsName = ""
    """Priority class; empty is that of scheduling.priorityClassName."""
    runtime_class_name: OptionalDnsName = ""
    """Runtime class, such as nvidia. Grade pods do not take that of spec.pod; see scheduling.runtimeClassName."""
    topology_spread_constraints: Annotated[tuple[FreeForm, ...], Field(max_length=8)] = ()
    """How pods are spread, as in a pod; without a labelSelector the pods of the stage's own Job are counted."""
    job_labels: StringMap = Field(default_factory=dict)
    """More labels of the stage's Job, ConfigMap and Service; those of spec.pod also of the claim, the frozen spec and
    the NetworkPolicy."""
    job_annotations: StringMap = Field(default_factory=dict)
    """More annotations of the same objects."""


class Pod(SealedPod):
    """Defaults for the pods of a stage, laid over what the operator builds."""

    volumes: Annotated[
        tuple[Volume, ...], Field(max_length=16, json_schema_extra=_map_by("name")), once_by("name")
    ] = ()
    """More volumes, such as a CA bundle or a cache; those of spec.pod are joined with a stage's own."""
    volume_mounts: Annotated[
        tuple[VolumeMount, ...],
        Field(max_length=16, json_schema_extra=_map_by("mountPath")),
        once_by("mount_path"),
    ] = ()
    """Where the worker sees these volumes."""
    allow_host_path: bool = False
    """Let volumes be folders of the node; the namespace must then allow pods of the level privileged."""
    service_account_name: OptionalDnsName = ""
    """Service account of the pods, such as one with a cloud identity; its token for the API server is not mounted."""
    resource_claims: Annotated[
        tuple[ResourceClaim, ...], Field(max_length=8, json_schema_extra=_map_by("name")), once_by("name")
    ] = ()
    """Devices by dynamic resource allocation; they stand for the stage's GPUs unless gpuResource names those, too."""
    gpu_resource: Line = ""
    """Name of the GPU resource instead of the operator's, such as nvidia.com/mig-3g.40gb."""
