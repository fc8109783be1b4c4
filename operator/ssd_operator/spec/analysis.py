"""What self-distillation did to the distribution: statistics at forks (many good tokens) and locks (one)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ssd_operator.spec.base import Section
from ssd_operator.spec.marks import Execution, Science
from ssd_operator.spec.pod import Pod
from ssd_operator.spec.sampling import Gpus
from ssd_operator.spec.scalars import Seed

__all__ = ["Analysis"]


class Analysis(Section):
    """Lock and fork statistics of base and candidate on what both wrote for a benchmark. Absent turns the stage off."""

    mark = Science

    problems: Annotated[int, Field(ge=1, le=100_000)] = 50
    """Problems of the first benchmark to look at, on one answer of each arm."""
    seed: Seed = 0
    """Which problems are drawn."""
    gpus: Annotated[Gpus, Execution] = 1
    """GPUs of the pod; 0 uses the CPU."""
    pod: Pod = Pod()
    """Pods of the analyze stage."""
