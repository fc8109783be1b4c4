"""Resolved specs and plans for tests."""

from typing import Any

from ssd_jobs import contract
from ssd_operator import plan
from ssd_operator.spec import resource
from ssd_operator.spec.resolved import ResolvedSpec

PLATFORM = plan.Platform(
    workspace="/workspace",
    worker_image="worker:1",
    grader_image="grader:1",
    metrics_port=9100,
    sandbox_socket="/sandbox/socket",
    tracking_uri="http://mlflow:5000",
    offline=False,
    claim_uid="claim-1",
    master_port=29500,
)

HUB = {"huggingFace": {"repo": "org/model", "revision": "main"}}
COMMIT = "0123456789abcdef0123456789abcdef01234567"

ASSERTED = {"benchmarks": [{"name": "toy"}, {"name": "humaneval", "source": {"builtin": "humaneval"}}]}
"""An evaluation with a benchmark that has assertions as tests, beside the preset's."""


def spec(name: str = "toy", **sections: Any) -> ResolvedSpec:
    """Resolve the toy preset with some sections overridden."""
    body = {"preset": "toy", "storage": {"claimName": "experiments"}, "promotion": {}, **sections}
    document = {
        "apiVersion": "selfdistill.dev/v1alpha1",
        "kind": "SelfDistillation",
        "metadata": {"name": name},
        "spec": body,
    }
    return resource.parse(document).resolve()


def digests(resolved: ResolvedSpec) -> dict[str, str]:
    """Return what prepare may say: a digest for each of its parts."""
    [prepared] = graph(resolved).of(contract.PrepareConfig)
    assert isinstance(prepared.config, contract.PrepareConfig)
    parts = ["model", "prompts", *(each.name for each in prepared.config.benchmarks)]
    return {part: f"{number:064x}" for number, part in enumerate(parts)}


def graph(
    resolved: ResolvedSpec | None = None,
    *,
    name: str = "toy",
    uid: str = "uid-1",
    digests: dict[str, str] | None = None,
    platform: plan.Platform = PLATFORM,
) -> plan.Graph:
    """Plan a resolved spec."""
    around = plan.Surroundings(name=name, uid=uid, digests=digests or {})
    return plan.build(resolved or spec(), around, platform)
