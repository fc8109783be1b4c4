"""Prepare: the model, the training prompts and the benchmarks, fetched, rendered and frozen."""

from ssd_jobs.stages.prepare.parts import Parts

__all__ = ["Parts"]
