"""Every field of the spec with another valid value: made from the models, one change at a time."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from configs import plans
from ssd_operator.errors import InvalidSpec
from ssd_operator.spec import resource
from ssd_operator.spec.base import Section
from ssd_operator.spec.resolved import ResolvedSpec
from ssd_operator.spec.walk import section_in

__all__ = ["Mutation", "as_written", "mutations"]

NAME = "toy"
TEXTS = (
    "other", "release_v5", "2025-03-02", "2025-02-02", "pass@5", "models:/other/2", "a/other", "5h", "512Mi", "toy",
    "2" * 64, "checkpoints/2", "reports/2", "gpt-oss-20b", "2", "Train", "folder", "/other",
)  # fmt: skip
SELECTOR = {"name": "secret", "key": "key"}
POD: dict[str, Any] = {
    "image": "image:1",
    "resources": {"requests": {"cpu": "1"}, "limits": {"memory": "1Gi"}},
    "nodeSelector": {"a": "b"},
    "tolerations": [{"key": "gpu", "value": "yes", "effect": "NoSchedule", "tolerationSeconds": 5}],
    "affinity": {"podAffinity": {}},
    "env": [
        {"name": "A", "value": "a"},
        {"name": "B", "valueFrom": {"configMapKeyRef": SELECTOR}},
        {"name": "C", "valueFrom": {"secretKeyRef": SELECTOR}},
    ],
    "labels": {"a": "b"},
    "annotations": {"a": "b"},
    "imagePullSecrets": [{"name": "pull"}],
    "volumes": [
        {"name": source.lower(), source: {"key": "value"}}
        for source in (
            "configMap",
            "secret",
            "projected",
            "persistentVolumeClaim",
            "emptyDir",
            "ephemeral",
            "csi",
            "hostPath",
        )
    ],
    "volumeMounts": [{"name": "secret", "mountPath": "/secret", "subPath": "a"}],
    "allowHostPath": True,
    "serviceAccountName": "a",
    "schedulerName": "a",
    "priorityClassName": "a",
    "runtimeClassName": "a",
    "topologySpreadConstraints": [{"maxSkew": 1}],
    "resourceClaims": [
        {"name": "a", "resourceClaimName": "a"},
        {"name": "b", "resourceClaimTemplateName": "a"},
    ],
    "gpuResource": "a",
    "jobLabels": {"a": "b"},
    "jobAnnotations": {"a": "b"},
}
HUB = {"repo": "a/b", "config": "c", "split": "s", "revision": plans.COMMIT}
COLUMNS = {"id": "i", "statement": "s", "starterCode": "c"}
WINDOW = {"release": "release_v6", "from": "2025-02-01", "to": "2025-05-31"}
DECODE = {"temperature": 0.5, "topK": 3, "topP": 0.5}
EVERYTHING: dict[str, Any] = {
    "analysis": {},
    "round": {"number": 2, "rootDigest": "1" * 64, "rootReport": "reports/1"},
    "promotion": {
        "chosenAmong": 3,
        "gate": {"benchmark": "hub", "guards": [{"benchmark": "hub", "metric": "pass@1"}]},
    },
    "rerun": {"from": "Grade", "nonce": "1"},
    "scheduling": {"queue": "a", "priorityClassName": "a", "runtimeClassName": "a"},
    "training": {"lora": {"rank": 8, "targets": ["q"]}, "export": {"everySteps": 1}},
    "sampling": {"engineArgs": {"a": 1}, "pod": POD},
    "evaluation": {
        "benchmarks": [
            {"name": "toy", "sweep": [DECODE]},
            {"name": "window", "source": {"livecodebench": WINDOW}},
            {"name": "hub", "source": {"huggingFace": HUB}, "k": [1, 5]},
            {"name": "folder", "source": {"path": "folder"}},
        ]
    },
}
HUB_MODEL = {"source": {"huggingFace": {"repo": "a/b", "revision": plans.COMMIT, "tokenSecretRef": SELECTOR}}}
BASES: tuple[dict[str, Any], ...] = (
    EVERYTHING,
    {"model": HUB_MODEL, "prompts": {"source": {"huggingFace": {**HUB, "columns": COLUMNS}}}},
    {"model": {"source": {"path": "base"}}, "prompts": {"source": {"path": "problems"}}, "promotion": None},
    {"model": {"source": {"export": {"path": "checkpoints/1", "digest": "1" * 64}}}},
    {
        "model": {"source": {"registry": "models:/a/1"}},
        "storage": {"template": {"size": "1Gi"}},
        "scheduling": {"gang": {"scheduler": "Volcano"}},
    },
)
"""Specs in which, together, every field stands and counts."""


@dataclass(frozen=True)
class Mutation:
    """One field changed in a complete spec."""

    path: tuple[str, ...]
    before: ResolvedSpec
    after: ResolvedSpec

    def __str__(self) -> str:
        """Return the path as a user writes it."""
        return ".".join(self.path)


def as_written(document: dict[str, Any]) -> dict[str, Any]:
    """Return a complete spec as a user could write it."""
    return {name: value for name, value in document.items() if name != "presetDigest"}


@cache
def mutations() -> tuple[Mutation, ...]:
    """Return a change of every field that any of the specs has."""
    found: dict[tuple[str, ...], Mutation] = {}
    for sections in BASES:
        before = plans.spec(NAME, **sections)
        document = before.document()
        for path, where, name, info in _fields(document, ResolvedSpec, ()):
            after = None if path in found else _changed(document, where, name, info)
            if after is not None:
                found[path] = Mutation(path, before, after)
    return (*found.values(), *_absences())


def _absences() -> Iterator[Mutation]:
    """Yield every section that may be absent as it goes, and as it comes."""
    full = plans.spec(NAME, **EVERYTHING)
    for name, info in ResolvedSpec.model_fields.items():
        if info.default is None:
            without = full.model_copy(update={name: None})
            yield from (Mutation((str(info.alias),), *pair) for pair in ((full, without), (without, full)))


def _fields(
    value: dict[str, Any], model: type[Section], path: tuple[str, ...], where: tuple[Any, ...] = ()
) -> Iterator[tuple[tuple[str, ...], tuple[Any, ...], str, FieldInfo]]:
    """Yield every field that is no section: its path, the steps to the object that holds it, its name, its model."""
    for info in model.model_fields.values():
        name, inner = str(info.alias), section_in(info.annotation)
        if name not in value:
            continue
        if inner is None:
            yield (*path, name), where, name, info
            continue
        entries = [(name,)] if isinstance(value[name], dict) else [(name, index) for index in range(len(value[name]))]
        for steps in entries:
            yield from _fields(_at(value, steps), inner, (*path, name), (*where, *steps))


def _at(value: Any, steps: tuple[Any, ...]) -> Any:
    for step in steps:
        value = value[step]
    return value


def _changed(document: dict[str, Any], where: tuple[Any, ...], name: str, info: FieldInfo) -> ResolvedSpec | None:
    """Return the spec with the first other value that is valid beside what else it says, None when there is none."""
    for update in _others(_at(document, where)[name], name, info):
        changed = copy.deepcopy(document)
        holder = _at(changed, where)
        if name not in update:
            holder.clear()
        holder.update(update)
        if _is_valid(changed):
            return ResolvedSpec.read(changed, path="spec")
    return None


def _is_valid(document: dict[str, Any]) -> bool:
    head = {"apiVersion": resource.API_VERSION, "kind": resource.KIND, "metadata": {"name": NAME}}
    try:
        resource.parse({**head, "spec": as_written(document)})
    except InvalidSpec:
        return False
    return True


def _others(value: Any, name: str, info: FieldInfo) -> Iterator[dict[str, Any]]:
    """Yield the field with other values, right or wrong; last another choice, where a source has one value only."""
    yield from ({name: each} for each in _other_values(value, info))
    yield {"path": "elsewhere"}


def _other_values(value: Any, info: FieldInfo) -> Iterator[Any]:
    """Yield other values of the same type, right or wrong."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int | float):
        yield from (value + 1, value - 1, value / 2, value * 2, 0.5, 0.75)
    elif isinstance(value, dict):
        yield from ({**value, "other": 2}, {**value, "other": "2"})
    elif isinstance(value, list):
        yield from _other_lists(value, info)
    else:
        yield from (each for each in (*_words(info.annotation), *TEXTS) if each != value)


def _other_lists(value: list[Any], info: FieldInfo) -> Iterator[list[Any]]:
    words = list(_words(info.annotation))
    if value:
        yield value[:-1]
    yield from ([*value, each] for each in (5, "other", *words))
    yield from ([*value[:-1], each] for each in (0.5, *words) if each not in value)


def _words(annotation: Any) -> Iterator[str]:
    """Yield the words that an annotation allows, however deep they stand in it."""
    if get_origin(annotation) is Literal:
        yield from get_args(annotation)
    for part in get_args(annotation):
        yield from _words(part)
