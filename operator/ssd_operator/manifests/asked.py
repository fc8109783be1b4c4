"""What is asked for of a stage's pods: the installation's defaults, the resource's words, and what a sandbox allows.

A pod in which programs run that a model wrote stays sealed whatever is written. So it takes no volume, no service
account and no device, and of labels and annotations only those that no program of a cluster acts upon: Kubernetes
leaves keys without a domain to users, and who injects a token or attaches a network looks for a key of its own domain.
"""

from collections.abc import Mapping
from typing import Any, Final

from ssd_operator.errors import InvalidSpec, Problem
from ssd_operator.spec import rules
from ssd_operator.spec.normal import normal
from ssd_operator.spec.pod import Pod, Resources, SealedPod
from ssd_operator.spec.pod_overlay import laid_under, shared_with_programs
from ssd_operator.spec.pod_rules import unmounted
from ssd_operator.spec.walk import knows
from ssd_operator.spec.written import written

__all__ = ["defaults", "over", "sealed"]

VALUE: Final = "workers.pod"
"""The chart's value that says it, for messages."""
HARMLESS: Final = ("kueue.x-k8s.io", "cluster-autoscaler.kubernetes.io", "karpenter.sh")
"""Domains that decide when and where a pod runs, and nothing of what it sees."""
OFF: Final = {"sidecar.istio.io/inject": "false", "linkerd.io/inject": "disabled"}
"""Words that keep a mesh out of the pod."""


def defaults(document: Mapping[str, Any]) -> Pod:
    """Read what the installation asks for of all pods, or raise InvalidSpec naming the chart's value."""
    asked = normal(document, Pod)
    written(Pod).read(asked, path=VALUE)
    at_pod = [rule for rule in rules.RULES if rule.at.startswith("spec.pod")]
    found = list(rules.judge({"spec": {"pod": asked}}, at_pod))
    problems = [Problem(VALUE + problem.path.removeprefix("spec.pod"), problem.message) for problem in found]
    pod = Pod.read(asked, path=VALUE)
    problems += unmounted(pod, VALUE, claim="")
    if problems:
        raise InvalidSpec(problems)
    return pod


def over(common: Pod, own: SealedPod) -> Pod:
    """Return a stage's pod with what the installation says in addition; resources are all of one or of the other."""
    lower = _said(common)
    if own.resources != Resources():
        lower.pop("resources", None)
    return Pod.read(laid_under(lower, _said(own)), path="pod")


def sealed(common: Pod, own: SealedPod, *, prefixes: tuple[str, ...]) -> Pod:
    """Return the same for a pod that runs foreign programs: less of what the installation says, and of the stage."""
    lower = shared_with_programs(_said(common))
    lower.pop("resources", None)
    upper = {name: value for name, value in _said(own).items() if knows(SealedPod, name)}
    pod = SealedPod.read(laid_under(lower, upper), path="pod")
    passing = {"labels": _passing(pod.labels, prefixes), "annotations": _passing(pod.annotations, prefixes)}
    return Pod().model_copy(update=dict(pod) | passing)


def _said(pod: SealedPod) -> dict[str, Any]:
    """Return what a complete pod says, without what is so anyway."""
    return pod.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude_none=True)


def _passing(entries: Mapping[str, str], prefixes: tuple[str, ...]) -> dict[str, str]:
    """Return the labels or annotations upon which no program of a cluster acts."""
    domains = {*HARMLESS, *prefixes}
    return {
        key: value
        for key, value in entries.items()
        if "/" not in key or key.split("/", 1)[0] in domains or OFF.get(key) == value
    }
