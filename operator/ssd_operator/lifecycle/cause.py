"""Why a run stands where it stands, in one sentence: the words of its conditions, as `kubectl get` prints them."""

from __future__ import annotations

from ssd_operator.lifecycle.conditions import find
from ssd_operator.spec import condition_types
from ssd_operator.spec.status import Status

__all__ = ["cause"]

UNSEEN = (
    "no operator has looked at it yet: see that one runs, and that it watches this namespace "
    "(watchNamespaces of its chart)"
)


def cause(status: Status) -> str:
    """Return phase and reason, what is waited for with what helps, and what is wrong with a spec not in force."""
    progressing = find(status, condition_types.PROGRESSING)
    accepted = find(status, condition_types.ACCEPTED)
    if progressing is None:
        return UNSEEN
    sentence = f"{status.phase}, {progressing.reason}"
    message = progressing.message or _decision(status)
    if message:
        sentence += f": {message}"
    if progressing.status == "True" and status.progress:
        sentence += f", {status.progress}"
    if accepted is not None and accepted.status == "False" and accepted.message not in message:
        sentence += f"; {accepted.reason}: {accepted.message}"
    return sentence


def _decision(status: Status) -> str:
    """Return what the gate decided, once it has."""
    decided = status.promotion
    return "" if decided is None else f"{decided.decision}: {'; '.join(decided.reasons)}"
