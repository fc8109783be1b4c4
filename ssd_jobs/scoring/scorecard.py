"""The scorecard of a version: what it did on each benchmark, problem by problem, for those that come after it."""

from typing import Annotated, Literal

from pydantic import Field

from ssd_jobs.contract import Decode
from ssd_jobs.contract.base import ArtifactPath, JsonMap, Model

__all__ = ["BenchmarkCard", "RootCard", "Scorecard"]


class BenchmarkCard(Model):
    """What a version did on one benchmark, under the grading mode and at the decode setting that decided."""

    benchmark: str
    window: str
    tests: str
    """Digest of the tests."""
    grader: JsonMap
    """What decides a verdict besides program and tests: format, mode, limits, interpreter."""
    decode: Decode
    samples: Annotated[int, Field(ge=1)]
    """Samples of every problem."""
    right: dict[str, Annotated[int, Field(ge=0)]]
    """Problem -> right samples."""


class Scorecard(Model):
    """What a version did on every benchmark that its report had."""

    format: Literal[1]
    benchmarks: tuple[BenchmarkCard, ...]

    def of(self, benchmark: str) -> BenchmarkCard | None:
        """Return what it did on one benchmark."""
        return next((each for each in self.benchmarks if each.benchmark == benchmark), None)


class RootCard(Model):
    """The model that a chain of rounds starts from, for the rounds after the first."""

    format: Literal[1]
    model: ArtifactPath
    scorecard: Scorecard
