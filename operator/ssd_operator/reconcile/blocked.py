"""The end of a pass that cannot go on as things are: the condition says why, and it is tried again."""

from __future__ import annotations

from ssd_operator.cluster import Api, ApiError
from ssd_operator.lifecycle import reasons
from ssd_operator.lifecycle.reasons import Reason
from ssd_operator.manifests.place import Object

__all__ = ["Blocked", "create"]


class Blocked(Exception):
    """What the run needs is not there, or may not be made: a reason for programs, a sentence for people."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


async def create(api: Api, body: Object) -> Object:
    """Create an object, or raise Blocked in the API server's words when that is not allowed."""
    try:
        return await api.create(body)
    except ApiError as error:
        if not error.refused:
            raise
        subject = f"{body['kind']} {body['metadata']['name']}"
        raise Blocked(reasons.REFUSED, f"the API server refuses {subject}: {error.message}") from None
