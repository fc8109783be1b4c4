"""How a stage's pods differ from what the operator builds: resources, placement, environment.

`spec.pod` is the default of all stages, each stage's own `pod` is laid over it. Everything here is execution: it
can change at any time and takes effect from the next Job on.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ssd_operator.spec import patterns
from ssd_operator.spec.base import Section
from ssd_operator.spec.marks import Execution
from ssd_operator.spec.scalars import DnsName, FreeForm, Key, LabelValue, Line, Quantity, StringMap, Text, once_by

__all__ = ["EnvSource", "EnvVar", "KeySelector", "LocalReference", "Pod", "Resources", "Toleration"]


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


class Pod(Section):
    """Defaults for the pods of a stage, laid over what the operator builds."""

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
    env: Annotated[
        tuple[EnvVar, ...],
        Field(
            max_length=64,
            json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
        ),
        once_by("name"),
    ] = ()
    """Environment of the worker container, such as NCCL settings."""
    labels: StringMap = Field(default_factory=dict)
    """More labels of the pods."""
    annotations: StringMap = Field(default_factory=dict)
    """More annotations of the pods."""
    image_pull_secrets: Annotated[tuple[LocalReference, ...], Field(max_length=8)] = ()
    """Secrets to pull images with."""
