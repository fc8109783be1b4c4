"""Rules of the pods: what stays out of a pod that runs foreign programs, and what keeps a pod's folders its own.

That a mount names a volume is judged on the complete description only, because the volume may stand in `spec.pod`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ssd_operator.errors import Problem
from ssd_operator.spec.pod import EnvVar, Pod
from ssd_operator.spec.resolved import ResolvedSpec
from ssd_operator.spec.rule import Rule
from ssd_operator.spec.volumes import NOT_ABOVE, NOT_BELOW, VolumeMount
from ssd_operator.spec.walk import places

__all__ = ["RULES", "unmounted"]

Node = Mapping[str, Any]

_PLACES = tuple(places(ResolvedSpec, "spec"))


def _takes_secret(pod: Node) -> bool:
    return any("secretKeyRef" in variable.get("valueFrom", {}) for variable in pod.get("env", []))


def _is_free(mount: Node) -> bool:
    """Tell whether a user's mount hides nothing of the operator's, and adds nothing to it."""
    path = mount["mountPath"]
    above = any(path == own or own.startswith(f"{path}/") for own in NOT_ABOVE)
    return not above and not any(path.startswith(f"{own}/") for own in NOT_BELOW)


def _has_host_path(pod: Node) -> bool:
    return any("hostPath" in volume for volume in pod.get("volumes", []))


def _one_value(at: str) -> Rule:
    return Rule(
        at=at,
        cel="!has(self.valueFrom) || !has(self.value) || self.value == ''",
        holds=lambda self: "valueFrom" not in self or not self.get("value"),
        message="set value or valueFrom, not both",
    )


def _mounted_apart(at: str) -> Rule:
    return Rule(
        at=at,
        cel=f"!{[*NOT_ABOVE]}.exists(p, p == self.mountPath || p.startsWith(self.mountPath + '/')) && "
        f"!{[*NOT_BELOW]}.exists(p, self.mountPath.startsWith(p + '/'))",
        holds=_is_free,
        message=f"must not hide {', '.join(NOT_ABOVE)}, nor lie in the first three: choose another folder",
        field="mountPath",
    )


def _restricted(at: str) -> Rule:
    return Rule(
        at=at,
        cel="!has(self.volumes) || (has(self.allowHostPath) && self.allowHostPath) || "
        "self.volumes.all(v, !has(v.hostPath))",
        holds=lambda self: bool(self.get("allowHostPath")) or not _has_host_path(self),
        message="a hostPath makes the pod one that Pod Security `restricted` refuses: "
        "set allowHostPath here if that is meant, or use another volume",
        field="volumes",
    )


RULES: tuple[Rule, ...] = (
    *(_one_value(path) for path, model in _PLACES if model is EnvVar),
    *(_mounted_apart(path) for path, model in _PLACES if model is VolumeMount),
    *(_restricted(path) for path, model in _PLACES if model is Pod),
    Rule(
        at="spec.evaluation.gradePod",
        cel="!has(self.env) || self.env.all(e, !has(e.valueFrom) || !has(e.valueFrom.secretKeyRef))",
        holds=lambda self: not _takes_secret(self),
        message="programs under test must not see a secret: take no value from a Secret here",
        field="env",
    ),
)


def unmounted(pod: Pod, path: str, *, claim: str) -> Iterator[Problem]:
    """Yield mounts of volumes that there are not, and volumes that are the run's own claim."""
    names = {volume.name for volume in pod.volumes}
    for index, mount in enumerate(pod.volume_mounts):
        if mount.name not in names:
            yield Problem(f"{path}.volumeMounts[{index}].name", f"no volume is called {mount.name}: add it to volumes")
    for index, volume in enumerate(pod.volumes):
        if claim and (volume.persistent_volume_claim or {}).get("claimName") == claim:
            yield Problem(
                f"{path}.volumes[{index}].persistentVolumeClaim",
                f"must not be {claim}: each stage sees of the run's own claim what it needs, and no expected output",
            )
