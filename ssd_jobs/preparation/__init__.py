"""The parts that `prepare` makes: a model, training prompts, and benchmarks with their tests kept apart."""

from ssd_jobs.preparation.parts import Parts

__all__ = ["Parts"]
