"""What a field of the spec is to a run: whether it is in a key, and whether it can change once work has begun.

A mark stands once, at the field or at the section for all its fields. All else derives from it: which changes are
allowed (`transitions`), which spec is in force (`effective`), what MLflow records as parameters.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

__all__ = ["Execution", "Mark", "Place", "Science", "Steering"]


class Mark(Enum):
    """The four kinds of fields."""

    SCIENCE = "Science"
    """What is being found out: in a key, fixed once a stage has begun."""
    EXECUTION = "Execution"
    """How the work is carried out: in no key, free to change at any time."""
    STEERING = "Steering"
    """What is wanted of the run now: free to change, and a change may take a run that has ended up again."""
    PLACE = "Place"
    """Where the run stands and what it began from: in no key, fixed once a stage has begun."""

    @property
    def is_free(self) -> bool:
        """Tell whether such a field can change after a stage has begun."""
        return self in (Mark.EXECUTION, Mark.STEERING)


Science: Final = Mark.SCIENCE
Execution: Final = Mark.EXECUTION
Steering: Final = Mark.STEERING
Place: Final = Mark.PLACE
