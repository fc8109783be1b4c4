"""Stages of a plan and where they would run on a cluster, for tests of what is built from them."""

from typing import Any

from configs import plans
from ssd_operator import plan
from ssd_operator.manifests import Place
from ssd_operator.settings import Settings

SETTINGS = Settings(worker_image="worker:1", grader_image="grader:1", tracking_secret="mlflow")


def place(*, settings: Settings = SETTINGS, **sections: Any) -> Place:
    """Return a place in a namespace, with a claim."""
    return Place(
        experiment="toy",
        namespace="lab",
        claim="experiments",
        claim_uid="claim-1",
        spec=plans.spec(**sections),
        settings=settings,
    )


def graph(where: Place) -> plan.Graph:
    """Plan the spec of a place."""
    return plans.graph(where.spec, platform=where.platform())
