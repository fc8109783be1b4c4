"""Which samples are trained on. The method uses no verifier: every filter here is a departure, and is counted."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ssd_operator.spec.base import Section
from ssd_operator.spec.marks import Science
from ssd_operator.spec.pod import Pod

__all__ = ["Curation"]


class Curation(Section):
    """What is dropped between sampling and training."""

    mark = Science

    filter: Literal["None", "Stub", "Shortest", "Syntax", "Execution"] = "None"
    """None keeps all; Stub drops empty answers and one-line stubs, as in the paper; Shortest also drops the shortest
    share, as in the authors' code; Syntax keeps what parses; Execution keeps what runs on the problem's public sample
    inputs without an error: no output is ever compared, and where a problem has no input (as in every set of the hub)
    a program that starts stays, which is counted and, above half, a warning."""
    shortest_percent: Annotated[float, Field(ge=0, lt=100)] = 10.0
    """Share that the filter Shortest drops."""
    truncated: Literal["Keep", "Drop"] = "Keep"
    """What to do with samples that reached the length limit; the paper keeps them."""
    pod: Pod = Pod()
    """Pods of the curate stage."""
