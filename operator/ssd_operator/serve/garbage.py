"""How often Python looks for garbage: as it is set, that was most of what decoding an object costs.

An object from the API server is some hundred dictionaries, which go as soon as nobody names them. Each few of them make
the collector look at the youngest objects for cycles, and now and then at all: the 100,000 of the imported modules too.
"""

from __future__ import annotations

import gc

__all__ = ["look_seldom"]

YOUNG, MIDDLE, OLD = 10_000, 10, 10
"""Objects that are made before the youngest are looked at, and how often that is before the older ones are."""


def look_seldom() -> None:
    """Look at nothing that was made until now, and at the rest as often as it pays."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
