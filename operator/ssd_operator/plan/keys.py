"""Keys: the recipe of an artifact as one hash.

Known before anything runs, so that a plan can print them. A key covers the stage's kind, its format version, the
science part of its config, the identities of what it reads, and the rerun nonce. It never covers how the stage is
executed (in how many shards, on what, how fast), and never a digest, with one exception: what `prepare` resolved from
something that can move, such as a branch or an alias, is identified by its content.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from ssd_jobs import contract

__all__ = ["combined", "key"]


def key(kind: str, *, science: Mapping[str, Any], upstream: Mapping[str, str], nonce: str = "") -> str:
    """Return the key of an artifact."""
    recipe = {
        "kind": kind,
        "format": contract.ARTIFACTS[kind].format,
        "science": science,
        "upstream": dict(upstream),
        "nonce": nonce,
    }
    return hashlib.sha256(_canonical(recipe)).hexdigest()


def combined(kind: str, keys: list[str]) -> str:
    """Return the key of a stage that makes several artifacts."""
    return hashlib.sha256(_canonical({"kind": kind, "keys": keys})).hexdigest()


def _canonical(value: Mapping[str, Any]) -> bytes:
    """Return one text for equal values, whatever their order."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
