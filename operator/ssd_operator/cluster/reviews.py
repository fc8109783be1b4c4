"""Asking the API server who somebody is and what they may read, as every server behind it does."""

from __future__ import annotations

from ssd_operator.cluster.api import Api
from ssd_operator.cluster.transport import Raw

__all__ = ["may_get"]

AUTHENTICATION, AUTHORIZATION = "authentication.k8s.io/v1", "authorization.k8s.io/v1"


async def may_get(api: Api, token: str, path: str) -> bool:
    """Tell whether the bearer of a token may read a path that belongs to no resource, such as /metrics."""
    body: Raw = {"apiVersion": AUTHENTICATION, "kind": "TokenReview", "spec": {"token": token}}
    found = (await api.request("POST", f"/apis/{AUTHENTICATION}/tokenreviews", body=body))["status"]
    if not found.get("authenticated"):
        return False
    who = {name: value for name, value in found["user"].items() if name in ("uid", "groups", "extra")}
    spec = {**who, "user": found["user"]["username"], "nonResourceAttributes": {"path": path, "verb": "get"}}
    body = {"apiVersion": AUTHORIZATION, "kind": "SubjectAccessReview", "spec": spec}
    answer = await api.request("POST", f"/apis/{AUTHORIZATION}/subjectaccessreviews", body=body)
    return bool(answer["status"].get("allowed"))
