"""JSON from the API server, decoded by msgspec: reading it is a good part of all that the operator computes."""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = ["decode"]


def decode(text: bytes | str) -> Any:
    """Return what a JSON text holds, or raise ValueError; the API server writes neither NaN nor half characters."""
    return msgspec.json.decode(text)
