"""The nonce of the next `rerun`: any new value does, and the next number is one that people can say."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["next_nonce"]


def next_nonce(had: Iterable[str]) -> str:
    """Return a nonce that no rerun has had: the number after the largest, and 2 for the first one."""
    return str(max((int(nonce) for nonce in had if nonce.isascii() and nonce.isdecimal()), default=1) + 1)
