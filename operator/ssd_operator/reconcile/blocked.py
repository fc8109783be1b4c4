"""The end of a pass that cannot go on as things are: the condition says why, and it is tried again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ssd_operator.cluster import ApiError
from ssd_operator.lifecycle import reasons
from ssd_operator.lifecycle.quoting import quoted
from ssd_operator.lifecycle.reasons import Reason

__all__ = ["Blocked", "blocking_on_refusal", "refusal"]


class Blocked(Exception):
    """What the run needs is not there, or may not be made: a reason for programs, a sentence for people."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@contextmanager
def blocking_on_refusal(subject: str) -> Iterator[None]:
    """Raise Blocked, in the API server's words, when it does not allow what is asked for here."""
    try:
        yield
    except ApiError as error:
        if not error.refused:
            raise
        raise Blocked(reasons.REFUSED, refusal(subject, error)) from None


def refusal(subject: str, error: ApiError) -> str:
    """Say in the API server's words why it refuses something, and what helps."""
    words = quoted(error.message)
    return f"the API server refuses {subject}: {words}; change what it objects to, and it is made by itself"
