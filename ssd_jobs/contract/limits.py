"""What one test of a program that a model wrote may use: the only place where the numbers stand."""

from typing import Annotated

from pydantic import Field

from ssd_jobs.contract.base import Model

__all__ = ["LIMITS", "ProgramLimits"]


class ProgramLimits(Model):
    """The limits of one test of one program."""

    cpu_seconds: Annotated[float, Field(gt=0)]
    wall_seconds: Annotated[float, Field(gt=0)]
    """Ends what only sleeps; it is long, so that a busy machine changes no verdict."""
    memory_mb: Annotated[int, Field(ge=64)]
    output_mb: Annotated[int, Field(ge=1)]


LIMITS = ProgramLimits(cpu_seconds=6.0, wall_seconds=30.0, memory_mb=1024, output_mb=16)
"""LiveCodeBench's own limit of six seconds, here of CPU time; what every program is run under."""
