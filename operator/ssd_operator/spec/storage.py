"""Where artifacts live, and where results are recorded."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ssd_operator.spec import patterns
from ssd_operator.spec.base import Section
from ssd_operator.spec.marks import Execution, Place, Steering
from ssd_operator.spec.pod import Pod
from ssd_operator.spec.scalars import DnsName, Line, OptionalDnsName, Quantity, unique

__all__ = ["ClaimTemplate", "Storage", "Tracking"]


class ClaimTemplate(Section):
    """A volume claim made for this resource."""

    mark = Place

    size: Quantity
    """Size of the volume, such as 200Gi."""
    storage_class_name: OptionalDnsName = ""
    """Storage class; empty uses the cluster's default."""
    access_modes: Annotated[
        tuple[Literal["ReadWriteMany", "ReadWriteOnce"], ...],
        Field(min_length=1, max_length=2, json_schema_extra={"x-kubernetes-list-type": "set"}),
        unique,
    ] = ("ReadWriteMany",)
    """How pods share it; more than one node at a time needs ReadWriteMany."""


class Storage(Section):
    """The volume with every artifact: exactly one of claimName and template."""

    mark = Place
    one_of: ClassVar[tuple[str, ...]] = ("claimName", "template")

    claim_name: DnsName | None = None
    """An existing claim. Experiments on the same claim share equal stages."""
    template: ClaimTemplate | None = None
    """A claim made for this resource."""
    keep: Annotated[str, Execution, Field(max_length=24, pattern=patterns.KEEP)] = "all"
    """What `ssd gc` leaves of the run once it is over: all of it, its results (reports, verdicts, manifests), or all
    for so long and then its results."""
    retain: Annotated[bool, Execution] = True
    """Keep a claim made from the template when the resource is deleted."""


class Tracking(Section):
    """Where runs are recorded in MLflow."""

    mark = Execution

    uri: Annotated[str, Field(max_length=512, pattern=patterns.TRACKING_URI)] = ""
    """Tracking server, without credentials; empty uses what the operator was installed with."""
    experiment: Annotated[Line, Steering]
    """Experiment in MLflow; by default the resource's name."""
    live: bool = True
    """Record training while it runs; false records everything at the end."""
    pod: Pod = Pod()
    """Pods of the report stage, which records, compares and promotes."""
