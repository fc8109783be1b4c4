"""The types of conditions: the same words for every kind of resource, as `kubectl wait --for=condition=` takes them."""

from typing import Final

__all__ = ["ACCEPTED", "ENDS", "FAILED", "PLANNED", "PROGRESSING", "SUCCEEDED", "SUSPENDED"]

ACCEPTED: Final = "Accepted"
"""The spec can be carried out."""
PLANNED: Final = "Planned"
"""Of a sweep: every cell of it can be carried out."""
PROGRESSING: Final = "Progressing"
"""Something is at work; where not, the reason says what is waited for."""
SUSPENDED: Final = "Suspended"
"""A person asked to stop."""
SUCCEEDED: Final = "Succeeded"
"""The end, as it was meant."""
FAILED: Final = "Failed"
"""The end, because something gave up."""
ENDS: Final = frozenset({SUCCEEDED, FAILED})
