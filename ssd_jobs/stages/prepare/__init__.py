"""The parts that `prepare` makes: a model, training prompts, and benchmarks with their tests kept apart."""

from ssd_jobs.stages.prepare.parts import Parts

__all__ = ["Parts"]
