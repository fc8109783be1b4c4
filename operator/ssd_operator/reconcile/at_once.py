"""What a pass says when it wants another look at once."""

from typing import Final

__all__ = ["AT_ONCE"]

AT_ONCE: Final = 0.0
