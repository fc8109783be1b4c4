"""What a pod's end means to its Job: the retry table, as Kubernetes reads it.

Exit codes are the worker's own; a rule that named no container would match a sidecar's as well. The gang ends at
its first failure whatever it is, and the operator starts it again: its rules only make the Job say why it ended,
by the number of the rule that matched.
"""

from typing import Literal

from ssd_jobs.contract import ExitCode
from ssd_operator import naming
from ssd_operator.manifests.place import Object

__all__ = ["GANG_RULES", "gang", "sharded"]

GANG_RULES: tuple[Literal["Disrupted"], Literal["BadInput"], Literal["Temporary"]] = (
    "Disrupted",
    "BadInput",
    "Temporary",
)
"""What it means that the rule of this number ended the gang."""


def sharded() -> Object:
    """Return the policy of a Job whose indexes are independent."""
    return {
        "rules": [_disrupted("Ignore"), _exits(ExitCode.BAD_INPUT, "FailJob"), _exits(ExitCode.TEMPORARY, "Ignore")]
    }


def gang() -> Object:
    """Return the policy of a Job whose pods live and die together."""
    rules = [_disrupted("FailJob"), _exits(ExitCode.BAD_INPUT, "FailJob"), _exits(ExitCode.TEMPORARY, "FailJob")]
    return {"rules": rules}


def _disrupted(action: str) -> Object:
    return {"action": action, "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}


def _exits(code: ExitCode, action: str) -> Object:
    return {
        "action": action,
        "onExitCodes": {"containerName": naming.WORKER, "operator": "In", "values": [int(code)]},
    }
