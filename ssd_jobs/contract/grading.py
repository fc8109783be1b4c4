"""The configs of `reference` and `grade`: what a benchmark's assertions ask for, and verdicts on untrusted programs."""

from typing import Annotated, Literal

from pydantic import Field

from ssd_jobs.contract.base import ArtifactPath, Key, Model, Name
from ssd_jobs.contract.config import Arm, Config, Purpose, StageExecution
from ssd_jobs.contract.limits import ProgramLimits

__all__ = ["GradeConfig", "GradeExecution", "GradeTask", "Grading", "ReferenceConfig", "SandboxExecution"]

Grading = Literal["Process", "LCB", "Answer", "Input"]
"""Two ways to run programs, one to compare answers that are none, and one to run given code on an answer."""


class SandboxExecution(StageExecution):
    """Where the sandbox is."""

    sandbox_socket: str
    """The unix socket of the sandbox container; empty: start a namespaced child process."""
    allow_weak_isolation: bool
    workers: Annotated[int, Field(ge=0)]
    """Programs run at once; 0: the cores that the cgroup allows."""


class ReferenceConfig(Config):
    """Find out which calls the assertions of one benchmark make, by running them on its reference solutions."""

    stage: Literal["reference"]
    benchmark: Name
    science: ProgramLimits
    """The limits under which the benchmark's own programs run."""
    tests: ArtifactPath
    output: ArtifactPath
    execution: SandboxExecution


class GradeExecution(SandboxExecution):
    """How the processes of a grade run."""

    shards: Annotated[int, Field(ge=1)]
    """Processes of the stage, and the shards of an artifact that it lays out; one that is laid out keeps its number."""


class GradeTask(Model):
    """One generation artifact under one grading mode: an artifact of its own."""

    setting: Name
    mode: Grading
    generations: ArtifactPath
    key: Key
    output: ArtifactPath


class GradeConfig(Config):
    """Grade the generations of one arm on one benchmark."""

    stage: Literal["grade"]
    arm: Arm
    benchmark: Name
    purpose: Purpose
    """Which of its problems; all are there to report on where it has no sweep."""
    science: ProgramLimits
    """What decides a verdict besides program and tests."""
    tasks: Annotated[tuple[GradeTask, ...], Field(min_length=1)]
    selection: ArtifactPath | None
    """Where it says of which one of the settings the generations are graded; None: of all of them."""
    problems: ArtifactPath
    tests: ArtifactPath
    references: ArtifactPath | None
    """What `reference` found out; None where no test of the benchmark needs it."""
    execution: GradeExecution
