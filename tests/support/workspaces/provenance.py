"""What the manifest of an artifact tells whose files alone matter to a test."""

from ssd_jobs.artifacts import Provenance

__all__ = ["EMPTY"]

EMPTY = Provenance(science={}, inputs={}, counts={}, facts={}, image="")
