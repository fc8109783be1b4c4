"""Rules of queues and gangs: what one scheduler does not have is refused instead of left unread."""

from __future__ import annotations

from typing import Final

from ssd_operator.spec.rule import Rule

__all__ = ["RULES"]

WITH_QUEUES: Final = ("Volcano", "KAI")

RULES: tuple[Rule, ...] = (
    Rule(
        at="spec.scheduling.gang",
        cel=f"!has(self.queue) || self.queue == '' || (has(self.scheduler) && self.scheduler in {[*WITH_QUEUES]})",
        holds=lambda self: not self.get("queue") or self.get("scheduler") in WITH_QUEUES,
        message="only the schedulers Volcano and KAI have queues: a LocalQueue of Kueue is scheduling.queue",
        field="queue",
    ),
    Rule(
        at="spec.scheduling.kueue",
        cel="!has(self.requiredTopology) || self.requiredTopology == '' || "
        "!has(self.preferredTopology) || self.preferredTopology == ''",
        holds=lambda self: not (self.get("requiredTopology") and self.get("preferredTopology")),
        message="set requiredTopology or preferredTopology, not both",
        field="preferredTopology",
    ),
)
