"""ResourceQuotas: what a namespace may have at most."""

from __future__ import annotations

from ssd_operator.cluster.api import Api, ApiError

__all__ = ["quotas"]


async def quotas(api: Api, namespace: str) -> dict[str, dict[str, str]]:
    """Return each quota's name with its limits; without the right to read them there are none."""
    try:
        listed = [raw async for raw in api.list("ResourceQuota", namespace)]
    except ApiError as error:
        if error.status != 403:
            raise
        return {}
    return {raw["metadata"]["name"]: raw["spec"].get("hard", {}) for raw in listed}
