"""Ways to the API server on which a test does something of its own."""

import json
from typing import Any

from ssd_operator.cluster.transport import Answer, Request, Transport

__all__ = ["Passing", "answer", "refusal"]


class Passing:
    """Passes every request on; a test overrides `send` for the requests that it is about."""

    def __init__(self, inner: Transport) -> None:
        self.inner = inner

    async def send(self, request: Request) -> Answer:
        """Send a request on."""
        return await self.inner.send(request)

    async def close(self) -> None:
        """Leave the connections to whoever made them."""


def answer(document: dict[str, Any], *, status: int = 200) -> Answer:
    """Return an answer of the API server."""
    return Answer(status, json.dumps(document).encode())


def refusal(status: int, reason: str, message: str = "as the test wants it") -> Answer:
    """Return an answer that refuses."""
    return answer({"reason": reason, "message": message}, status=status)
