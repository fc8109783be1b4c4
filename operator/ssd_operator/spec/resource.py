"""The whole object, as a file holds it or the API server returns it: one door in, which refuses what it refuses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ssd_jobs.contract.printable import brief
from ssd_operator.errors import InvalidSpec, Problem
from ssd_operator.naming import API_VERSION, GROUP, KIND, PLURAL, VERSION
from ssd_operator.spec import rules, surrogates
from ssd_operator.spec.kinds import RUN, ResourceKind
from ssd_operator.spec.normal import normal
from ssd_operator.spec.resolve import resolve
from ssd_operator.spec.resolved import ResolvedSpec
from ssd_operator.spec.status import Status
from ssd_operator.spec.written import written

__all__ = ["API_VERSION", "GROUP", "KIND", "PLURAL", "VERSION", "Resource", "checked", "parse"]

_METADATA: Final = frozenset({
    "annotations", "creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "finalizers",
    "generateName", "generation", "labels", "managedFields", "name", "namespace", "ownerReferences",
    "resourceVersion", "selfLink", "uid",
})  # fmt: skip


@dataclass(frozen=True)
class Resource:
    """A SelfDistillation whose fields and rules have been checked, not yet completed from its preset."""

    metadata: Mapping[str, Any]
    spec: Mapping[str, Any]
    """As written, in the form in which the API server keeps it."""
    status: Status

    @property
    def name(self) -> str:
        """Name of the resource."""
        return str(self.metadata["name"])

    @property
    def namespace(self) -> str:
        """Its namespace; empty in a file that leaves it open."""
        return str(self.metadata.get("namespace", ""))

    @property
    def uid(self) -> str:
        """Its uid; empty in a file."""
        return str(self.metadata.get("uid", ""))

    @property
    def generation(self) -> int:
        """Counts changes of the spec; 0 in a file."""
        return int(self.metadata.get("generation", 0))

    def resolve(self) -> ResolvedSpec:
        """Complete the spec: user over preset over library."""
        return resolve(self.spec, name=self.name)


def parse(document: Any) -> Resource:
    """Check a JSON document and return the resource, or raise InvalidSpec naming every wrong field."""
    body = checked(document, RUN)
    return Resource(body["metadata"], body["spec"], Status.read(body["status"], path="status"))


def checked(document: Any, kind: ResourceKind) -> dict[str, dict[str, Any]]:
    """Return the parts of a resource of this kind as the API server keeps them, or raise InvalidSpec."""
    problems = list(surrogates.lone(document)) or list(_outside(document, kind))
    if problems:
        raise InvalidSpec(problems)
    body = {
        "metadata": normal(document["metadata"], None),
        "spec": normal(document["spec"], kind.spec),
        "status": normal(document.get("status") or {}, kind.status),
    }
    written(kind.spec).read(body["spec"], path="spec")
    broken = list(rules.judge(body, kind.rules))
    if broken:
        raise InvalidSpec(broken)
    return body


def _outside(document: Any, kind: ResourceKind) -> Iterator[Problem]:
    """Yield what is wrong around the spec."""
    if not isinstance(document, Mapping):
        yield Problem("", "a resource must be an object")
        return
    body = {key: value for key, value in document.items() if value is not None}
    for field, expected in (("apiVersion", API_VERSION), ("kind", kind.kind)):
        if body.get(field) != expected:
            yield Problem(field, f"must be {expected}, but is {brief(repr(body.get(field)))}")
    for key in sorted(document.keys() - {"apiVersion", "kind", "metadata", "spec", "status"}):
        yield Problem(str(key), "no such field")
    if "spec" not in body:
        yield Problem("spec", "is required")
    yield from _metadata(body.get("metadata"))


def _metadata(metadata: Any) -> Iterator[Problem]:
    if not isinstance(metadata, Mapping):
        yield Problem("metadata", "must be an object with a name")
        return
    for key in sorted(metadata.keys() - _METADATA):
        yield Problem(f"metadata.{key}", "no such field")
    if not isinstance(metadata.get("name"), str) or not metadata["name"]:
        yield Problem("metadata.name", "must be a text")
    for field in ("labels", "annotations"):
        entries = metadata.get(field) or {}
        if not isinstance(entries, Mapping) or not all(isinstance(value, str) for value in entries.values()):
            yield Problem(f"metadata.{field}", "must be an object whose values are texts")
