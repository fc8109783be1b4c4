"""The weights that registered versions have on a claim: whoever tidies up there must know them all."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ssd_jobs.tracking import server, weights

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = ["external_paths"]

PAGE = 1000


def external_paths(uri: str, claim: str, *, client: "MlflowClient") -> Iterator[str]:
    """Yield where, below this claim, the weights of a registered version are; raise Temporary when MLflow is away."""
    with server.reaching(uri):
        token: str | None = None
        while token != "":
            page = client.search_model_versions(max_results=PAGE, page_token=token)
            for version in page:
                found = weights.parse_external(server.verified(version).source or "")
                if found is not None and found[0] == claim:
                    yield found[1]
            token = page.token or ""
