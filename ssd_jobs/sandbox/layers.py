"""Which protections are on, as found by trying them, and whether together they are strong enough.

Strong means: the system call filter works, and everything else that a program could reach is closed either by
Landlock with scopes (files, TCP, signals) or by an older Landlock and namespaces of its own. What was found is
sent with every greeting and recorded with the verdicts.
"""

from collections.abc import Mapping
from typing import Any

from ssd_jobs.sandbox import landlock, seccomp

__all__ = ["detect", "weakness"]

TRUNCATE_ABI = 3
"""The first Landlock version that guards every way of changing a file's content."""


def detect(namespaces: tuple[str, ...], *, landlock_abi: int | None = None) -> dict[str, Any]:
    """Return the report of layers; limits of resources and the loss of privileges are always on."""
    return {
        "landlock": landlock.abi() if landlock_abi is None else landlock_abi,
        "seccomp": seccomp.available(),
        "namespaces": list(namespaces),
        "rlimits": True,
        "no_new_privs": True,
    }


def weakness(layers: Mapping[str, Any]) -> str:
    """Return why the layers are not strong enough, empty when they are."""
    if layers.get("seccomp") is not True:
        return "no system call filter for this machine type"
    abi = layers.get("landlock")
    if not isinstance(abi, int) or abi < TRUNCATE_ABI:
        return f"the kernel's Landlock is version {abi}, at least {TRUNCATE_ABI} is needed"
    own = set(layers.get("namespaces", ()))
    if abi < landlock.SCOPES_ABI and not {"pid", "net"} <= own:
        return f"the kernel's Landlock is version {abi}: without own namespaces {landlock.SCOPES_ABI} is needed"
    return ""
