"""What both sides know of the numbers in a stage's `progress.json`."""

from typing import Final

__all__ = ["LEFT", "MEGABYTES"]

LEFT: Final = "left_s"
"""The seconds that are left of what is counted, as the process that counts it expects."""
MEGABYTES: Final = "MB"
"""Begins the unit of what is done before or after a stage's own work: fetched, hashed, exported, uploaded."""
