"""What the end of a Job means: the retry table, read from the Job's condition and from its pods.

The condition alone decides where pods are gone: for the gang it carries the number of the rule that matched.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ssd_jobs.contract import ExitCode
from ssd_operator.lifecycle import retry
from ssd_operator.lifecycle.inputs import JobView, PodView
from ssd_operator.lifecycle.retry import EndKind
from ssd_operator.manifests.failures import GANG_RULES

__all__ = ["End", "gang", "sharded"]

RULE = re.compile(r"rule at index (\d+)")
LONGEST_MESSAGE = 600


@dataclass(frozen=True)
class End:
    """How an attempt failed, with the message that says so."""

    kind: EndKind
    message: str


def gang(job: JobView, pods: Sequence[PodView]) -> End:
    """Return why a gang failed: as its gravest pod did, or as the rule says that ended the Job."""
    failed = [pod for pod in pods if pod.exit_code not in (None, 0) or pod.phase == "Failed" or pod.disrupted]
    kind = retry.gravest([*_rule(job), *map(_end_of, failed)])
    if kind == "Disrupted":
        return End(kind, "a pod was disrupted by the cluster")
    return End(kind, _message([pod for pod in failed if _end_of(pod) == kind] or failed, job))


def _rule(job: JobView) -> list[EndKind]:
    """Return what the rule means that ended the Job, if one did."""
    matched = RULE.search(job.message) if job.reason == "PodFailurePolicy" else None
    return [GANG_RULES[int(matched[1])]] if matched else []


def _end_of(pod: PodView) -> EndKind:
    return "Disrupted" if pod.disrupted else retry.end_of(pod.exit_code)


def sharded(job: JobView, pods: Sequence[PodView]) -> str:
    """Return the message of a sharded stage that failed."""
    failed = [pod for pod in pods if pod.exit_code not in (None, 0)]
    bad = [pod for pod in failed if pod.exit_code == ExitCode.BAD_INPUT]
    if bad or job.reason == "PodFailurePolicy":
        return _message(bad or failed, job)
    counted = [pod for pod in failed if pod.exit_code != ExitCode.TEMPORARY and not pod.disrupted]
    return (
        f"shard {job.failed_indexes} failed: {_message(counted, job)}" if job.failed_indexes else _message(counted, job)
    )


def _message(pods: Sequence[PodView], job: JobView) -> str:
    """Return the last pod's own words, or the Job's when no pod is left."""
    if not pods:
        return f"Job {job.name}: {job.message or job.reason}"[:LONGEST_MESSAGE]
    pod = max(pods, key=lambda each: each.version)
    if pod.end_reason == "OOMKilled":
        return f"pod {pod.name} was killed for lack of memory: raise resources.limits.memory in this stage's pod"
    message = pod.message.strip() or f"ended with exit code {pod.exit_code}"
    return f"pod {pod.name}: {message}"[:LONGEST_MESSAGE]
