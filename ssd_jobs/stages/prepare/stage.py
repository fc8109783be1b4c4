"""Prepare: resolve, de-duplicate, render, decontaminate, freeze.

Every part is an artifact of its own, so that experiments share a model or a benchmark; this stage's own directory
says what came out. It is the only stage that may look at the network.
"""

from ssd_jobs.context import Context
from ssd_jobs.contract import PrepareConfig, PrepareResult
from ssd_jobs.stages.prepare import Parts

__all__ = ["run"]


def run(config: PrepareConfig, context: Context) -> PrepareResult:
    """Prepare every part that is not there yet."""
    parts = Parts(config, context)
    if parts.complete():
        parts.verify()
        parts.check_model()
    else:
        with parts.output.claim() as draft:
            context.progress.attach(draft.path)
            parts.make()
            draft.finish(parts.summarize(draft))
    return PrepareResult(stage=config.stage, digests=parts.digests(), size=parts.size())
