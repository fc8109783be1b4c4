"""Limits of programs for tests: those of every experiment, with what the test needs different."""

from typing import Any

from ssd_jobs import contract
from ssd_jobs.sandbox.opening import limits_of
from ssd_jobs.sandbox.protocol import Limits

__all__ = ["limits"]


def limits(**changes: Any) -> Limits:
    """Return limits."""
    return limits_of(contract.LIMITS.model_copy(update=changes))
