"""The plan of an experiment of which nobody says where it runs: stages, keys and artifacts are the same everywhere."""

from typing import Final

from ssd_operator.plan.build import build
from ssd_operator.plan.graph import Graph, Platform, Surroundings
from ssd_operator.spec.resolved import ResolvedSpec

__all__ = ["unplaced"]

NOWHERE: Final = Platform(
    workspace="/", worker_image="", grader_image="", metrics_port=1, sandbox_socket="/", tracking_uri="", offline=False,
    claim_uid="", master_port=1,
)  # fmt: skip


def unplaced(spec: ResolvedSpec, around: Surroundings) -> Graph:
    """Return every stage in order."""
    return build(spec, around, NOWHERE)
